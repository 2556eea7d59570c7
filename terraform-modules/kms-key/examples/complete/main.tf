# One key that encrypts a project, also for the alarms and events that publish on its behalf.

module "key" {
  source = "../.."

  name                    = "fraud-scoring"
  publishers              = ["budgets", "cloudwatch", "events"]
  deletion_window_in_days = 7
}

output "key" {
  description = "ARN of the key."
  value       = module.key.arn
}
