# A function in front of an endpoint that already exists.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  endpoint = "house-prices-prod"
  prefix   = "arn:${data.aws_partition.current.partition}:sagemaker:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
}

module "key" {
  source = "../../../kms-key"

  name = "house-prices"
}

module "invoker" {
  source = "../.."

  name                 = "${local.endpoint}-invoke"
  package              = "${path.module}/invoke.zip"
  endpoint             = { name = local.endpoint, arn = "${local.prefix}:endpoint/${local.endpoint}", kind = "real-time" }
  kms_key_arn          = module.key.arn
  reserved_concurrency = 20
  tags                 = { stage = "prod" }
}

output "function" {
  description = "Name of the function."
  value       = module.invoker.name
}
