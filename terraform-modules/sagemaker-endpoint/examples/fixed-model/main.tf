# A pre-trained model that no pipeline ever trains: Terraform makes the endpoint itself.

variable "image" {
  description = "Image of the model server, by digest."
  type        = string
}

variable "model_data_url" {
  description = "S3 address of the model's artifact, in the models bucket below."
  type        = string
}

data "aws_caller_identity" "current" {}

module "key" {
  source = "../../../kms-key"

  name = "speech"
}

module "notifications" {
  source = "../../../notifications"

  name        = "speech-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "bucket" {
  source   = "../../../s3-bucket"
  for_each = toset(["data", "models"])

  name          = "speech-${each.key}-${data.aws_caller_identity.current.account_id}"
  kms_key_arn   = module.key.arn
  force_destroy = true
}

module "endpoint" {
  source = "../.."

  project            = "speech"
  stage              = "prod"
  instances          = { type = "ml.m5.large", count = 2 }
  model              = { image = var.image, model_data_url = var.model_data_url }
  capture_percentage = 5
  autoscaling        = { min_capacity = 2, max_capacity = 4, invocations_per_instance = 500 }
  traffic_shift      = { kind = "linear", percent = 50, wait_seconds = 60 }
  buckets            = module.bucket
  kms_key_arn        = module.key.arn
  topic_arn          = module.notifications.topic_arn
}

output "endpoint" {
  description = "Name of the endpoint."
  value       = module.endpoint.name
}
