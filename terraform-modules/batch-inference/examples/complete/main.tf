# Files are answered every night, and as they arrive, by the model of an endpoint that already exists.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  project = "invoice-matching"
  account = data.aws_caller_identity.current.account_id
}

module "key" {
  source = "../../../kms-key"

  name = local.project
}

module "notifications" {
  source = "../../../notifications"

  name        = "${local.project}-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "bucket" {
  source   = "../../../s3-bucket"
  for_each = toset(["data", "models"])

  name          = "${local.project}-${each.key}-${local.account}"
  kms_key_arn   = module.key.arn
  force_destroy = true
}

module "monitoring" {
  source = "../../../model-monitoring"

  project              = local.project
  stage                = "prod"
  endpoint_name        = "${local.project}-prod"
  package              = "${path.module}/launch.zip"
  buckets              = module.bucket
  image_repository_arn = "arn:${data.aws_partition.current.partition}:ecr:${data.aws_region.current.id}:${local.account}:repository/${local.project}"
  kms_key_arn          = module.key.arn
  topic_arn            = module.notifications.topic_arn
}

resource "aws_iam_role" "model" {
  name = "${local.project}-prod-endpoint"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

module "batch" {
  source = "../.."

  project         = local.project
  stage           = "prod"
  launcher        = module.monitoring.launcher
  model_role_name = aws_iam_role.model.name
  data_bucket     = module.bucket["data"]
  kms_key_arn     = module.key.arn
  topic_arn       = module.notifications.topic_arn
  schedule        = { expression = "cron(0 2 * * ? *)", time_zone = "Europe/Madrid" }
  on_arrival      = true
  machines        = { instance_type = "ml.m5.xlarge", instance_count = 2 }
  files           = { content_type = "text/csv", max_mb = 10, concurrent = 8 }
}

output "input" {
  description = "Where to put files."
  value       = module.batch.input_s3_uri
}
