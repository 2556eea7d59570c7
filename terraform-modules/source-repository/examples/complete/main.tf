# A CodeCommit repository in which one other person approves what reaches main.

module "key" {
  source = "../../../kms-key"

  name = "salary-prediction"
}

module "source" {
  source = "../.."

  name        = "salary-prediction"
  description = "Predicts the weekly wage of a person"
  kms_key_arn = module.key.arn
  approvals   = 1
}

output "clone_url" {
  description = "Where to push the code."
  value       = module.source.clone_url
}
