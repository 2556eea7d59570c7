# A topic that mails the owner of a project.

module "key" {
  source = "../../../kms-key"

  name = "sales-forecast"
}

module "notifications" {
  source = "../.."

  name        = "sales-forecast-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
  publishers  = ["cloudwatch", "events"]
}

output "topic" {
  description = "ARN of the topic."
  value       = module.notifications.topic_arn
}
