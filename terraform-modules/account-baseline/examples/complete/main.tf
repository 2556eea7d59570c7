# The baseline of an account whose bill is split by project, and whose owner hears of sudden costs.

module "baseline" {
  source = "../.."

  name                 = "mlops"
  log_retention_days   = 365
  cost_allocation_tags = ["project", "stage", "owner", "cost-centre"]
  anomalies            = { email = "finance@example.com", usd = 50 }
  force_destroy        = true
}

output "state_bucket" {
  description = "Name of the state bucket."
  value       = module.baseline.state_bucket
}
