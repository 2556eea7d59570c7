# A real-time endpoint on two instances: updates begin with a canary, and it scales with its traffic.

data "aws_caller_identity" "current" {}

module "key" {
  source = "../../../kms-key"

  name = "credit-risk"
}

module "notifications" {
  source = "../../../notifications"

  name        = "credit-risk-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "bucket" {
  source   = "../../../s3-bucket"
  for_each = toset(["data", "models", "artifacts"])

  name          = "credit-risk-${each.key}-${data.aws_caller_identity.current.account_id}"
  kms_key_arn   = module.key.arn
  force_destroy = true
}

module "training" {
  source = "../../../sagemaker-training"

  project        = "credit-risk"
  kms_key_arn    = module.key.arn
  buckets        = module.bucket
  instance_types = ["ml.m5.xlarge"]
  release        = { stages = ["prod"], pipeline = "credit-risk-release", approval = "manual" }
  force_destroy  = true
}

module "endpoint" {
  source = "../.."

  project            = "credit-risk"
  stage              = "prod"
  instances          = { type = "ml.m5.large", count = 2 }
  capture_percentage = 20
  traffic_shift      = { kind = "canary", percent = 10, wait_seconds = 300 }
  autoscaling        = { min_capacity = 2, max_capacity = 6, invocations_per_instance = 200 }

  alarms = {
    error_percent = 2
    latency_ms    = 800
    custom        = { namespace = "MLOps/credit-risk", metric = "Accuracy", comparison = "LessThanThreshold", threshold = 0.7 }
  }

  buckets     = module.bucket
  kms_key_arn = module.key.arn
  topic_arn   = module.notifications.topic_arn

  registry = {
    model_package_group    = module.training.model_package_group
    image_repository_arn   = module.training.image_repository.arn
    training_parameter_arn = module.training.parameter.arn
  }
}

output "endpoint" {
  description = "Name of the endpoint."
  value       = module.endpoint.name
}
