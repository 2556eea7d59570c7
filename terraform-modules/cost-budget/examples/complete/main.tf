# A budget of 200 dollars a month for everything with the tag project = demand-planning.

module "key" {
  source = "../../../kms-key"

  name = "demand-planning"
}

module "notifications" {
  source = "../../../notifications"

  name        = "demand-planning-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "budget" {
  source = "../.."

  name        = "demand-planning-monthly"
  monthly_usd = 200
  cost_tag    = { key = "project", value = "demand-planning" }
  anomaly_usd = 20
  topic_arn   = module.notifications.topic_arn
}

output "budget" {
  description = "Name of the budget."
  value       = module.budget.name
}
