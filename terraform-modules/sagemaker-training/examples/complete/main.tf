# GPU training on spare capacity, with a second choice of instance type.

data "aws_caller_identity" "current" {}

module "key" {
  source = "../../../kms-key"

  name = "call-analytics"
}

module "bucket" {
  source   = "../../../s3-bucket"
  for_each = toset(["data", "models", "artifacts"])

  name          = "call-analytics-${each.key}-${data.aws_caller_identity.current.account_id}"
  kms_key_arn   = module.key.arn
  force_destroy = true
}

module "training" {
  source = "../.."

  project             = "call-analytics"
  kms_key_arn         = module.key.arn
  buckets             = module.bucket
  instance_types      = ["ml.g5.2xlarge", "ml.g4dn.2xlarge"]
  instance_count      = 2
  input_mode          = "FastFile"
  data_distribution   = "ShardedByS3Key"
  max_runtime_seconds = 14400
  spot                = { max_wait_seconds = 28800 }
  volume_size_gb      = 100
  preprocessing       = { instance_type = "ml.m5.2xlarge", instance_count = 4, volume_size_gb = 500, max_runtime_seconds = 86400 }
  release             = { stages = ["staging", "prod"], pipeline = "call-analytics-release", approval = "automatic" }
  force_destroy       = true
}

output "parameter" {
  description = "SSM parameter that holds the job spec."
  value       = module.training.parameter.name
}
