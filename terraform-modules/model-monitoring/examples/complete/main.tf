# Monitoring of an endpoint that already exists, once a day on a tenth of its requests.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  project = "lead-scoring"
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
  source = "../.."

  project              = local.project
  stage                = "prod"
  endpoint_name        = "${local.project}-prod"
  package              = "${path.module}/launch.zip"
  buckets              = module.bucket
  image_repository_arn = "arn:${data.aws_partition.current.partition}:ecr:${data.aws_region.current.id}:${local.account}:repository/${local.project}"
  kms_key_arn          = module.key.arn
  topic_arn            = module.notifications.topic_arn
  pipelines            = ["${local.project}-train", "${local.project}-release"]
  schedule             = "cron(0 5 * * ? *)"
  window               = { hours = 24, sampling_percentage = 10, history_days = 30 }
  bad_windows          = { bad = 2, of = 3 }
  machine              = { instance_type = "ml.m5.xlarge", volume_size_gb = 100, max_runtime_seconds = 7200 }
}

output "retrain_alarms" {
  description = "Alarms that are a reason to train again."
  value       = module.monitoring.retrain_alarm_arns
}
