# A log bucket and a data lake that archives what nobody reads.

data "aws_caller_identity" "current" {}

module "key" {
  source = "../../../kms-key"

  name = "call-archive"
}

module "logs" {
  source = "../.."

  name                 = "call-archive-logs-${data.aws_caller_identity.current.account_id}"
  receives_access_logs = true
  expirations          = { "" = 365 }
  force_destroy        = true
}

module "data" {
  source = "../.."

  name              = "call-archive-data-${data.aws_caller_identity.current.account_id}"
  kms_key_arn       = module.key.arn
  access_log_bucket = module.logs.name
  noncurrent_days   = 90
  expirations       = { "capture/" = 90 }
  archive           = { archive_days = 90, deep_archive_days = 180, prefix = "raw/" }
  force_destroy     = true
}

output "data" {
  description = "Name of the data bucket."
  value       = module.data.name
}
