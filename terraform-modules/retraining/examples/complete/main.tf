# A gatekeeper for a train pipeline that exists, with a weekly training beside the data that arrives.

module "key" {
  source = "../../../kms-key"

  name = "salary-prediction"
}

module "notifications" {
  source = "../../../notifications"

  name        = "salary-prediction-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "data" {
  source = "../../../s3-bucket"

  name        = "salary-prediction-data-123456789012-eu-west-1"
  kms_key_arn = module.key.arn
}

module "retraining" {
  source = "../.."

  project           = "salary-prediction"
  package           = "${path.module}/retrain.zip"
  pipeline          = { name = "salary-prediction-train", longest_minutes = 600 }
  data_bucket       = { name = module.data.name, arn = module.data.arn }
  kms_key_arn       = module.key.arn
  topic_arn         = module.notifications.topic_arn
  arrival           = { kind = "quiet-period", quiet_minutes = 30 }
  schedule          = { expression = "cron(0 6 ? * MON *)", time_zone = "Europe/Madrid" }
  cool_down_minutes = 120
  daily_cap         = 3
}

output "function" {
  description = "Name of the gatekeeper."
  value       = module.retraining.function.name
}
