# A budget of 200 dollars a month for everything with the tag project = salary-prediction.

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

module "budget" {
  source = "../.."

  name        = "salary-prediction-monthly"
  monthly_usd = 200
  cost_tag    = { key = "project", value = "salary-prediction" }
  topic_arn   = module.notifications.topic_arn
}

output "budget" {
  description = "Name of the budget."
  value       = module.budget.name
}
