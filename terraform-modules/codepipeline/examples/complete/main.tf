# A pipeline that checks every push to a repository and asks a person before it deploys.

data "aws_caller_identity" "current" {}

module "key" {
  source = "../../../kms-key"

  name = "invoice-reader"
}

module "notifications" {
  source = "../../../notifications"

  name        = "invoice-reader-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = module.key.arn
}

module "artifacts" {
  source = "../../../s3-bucket"

  name          = "invoice-reader-artifacts-${data.aws_caller_identity.current.account_id}"
  kms_key_arn   = module.key.arn
  force_destroy = true
}

module "source" {
  source = "../../../source-repository"

  name        = "invoice-reader"
  kms_key_arn = module.key.arn
}

module "pipeline" {
  source = "../.."

  project         = "invoice-reader"
  name            = "deliver"
  execution_mode  = "QUEUED"
  variables       = { REASON = { default = "commit", description = "Why this was started" } }
  triggers        = { source = module.source.event_pattern }
  artifact_bucket = module.artifacts
  kms_key_arn     = module.key.arn
  topic_arn       = module.notifications.topic_arn

  stages = [
    { name = "Source", source = merge(module.source.action, { policy = module.source.read_policy }) },
    { name = "Check", build = { buildspec = "buildspecs/check.yml", namespace = "Check" } },
    {
      name      = "Approve"
      approval  = { message = "#{Check.SUMMARY}" }
      skip_when = { variable = "#{Check.SUMMARY}", equals = "nothing new" }
    },
    {
      name  = "Deploy"
      build = { buildspec = "buildspecs/deploy.yml", timeout_minutes = 120, variables = { REASON = "#{variables.REASON}" } }
    },
  ]
}

output "pipeline" {
  description = "Name of the pipeline."
  value       = module.pipeline.name
}
