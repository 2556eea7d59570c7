# A CodeCommit repository in which one other person approves what reaches main.

module "key" {
  source = "../../../kms-key"

  name = "churn-forecast"
}

module "source" {
  source = "../.."

  name        = "churn-forecast"
  description = "Predicts which customers leave"
  kms_key_arn = module.key.arn
  approvals   = 1
}

output "clone_url" {
  description = "Where to push the code."
  value       = module.source.clone_url
}
