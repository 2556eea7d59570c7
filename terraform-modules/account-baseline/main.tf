# What exists once per account and region, whatever number of projects: applied once, before the first of them. logs.tf
# holds the jobs' log groups, spending.tf what belongs to the bill.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  suffix = "${data.aws_caller_identity.current.account_id}-${data.aws_region.current.id}"
}

module "key" {
  source = "../kms-key"

  name       = var.name
  publishers = ["costalerts"]
}

module "access_logs" {
  source = "../s3-bucket"

  name                 = "${var.name}-logs-${local.suffix}"
  receives_access_logs = true
  expirations          = { "" = 365 }
  force_destroy        = var.force_destroy
}

# Terraform's states, one key per project, each locked by a file beside it (use_lockfile): there is no lock table.
module "state" {
  source = "../s3-bucket"

  name              = "${var.name}-state-${local.suffix}"
  kms_key_arn       = module.key.arn
  access_log_bucket = module.access_logs.name
  noncurrent_days   = 365
  force_destroy     = var.force_destroy
}

resource "aws_iam_service_linked_role" "this" {
  for_each = var.service_linked_roles

  aws_service_name = each.key
}
