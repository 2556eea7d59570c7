# One stage's endpoint as a specification: the release pipeline reads it from SSM and owns the endpoint itself, so that
# Terraform never fights over which model is live, and the first apply needs no model.

data "aws_caller_identity" "current" {}
data "aws_default_tags" "current" {} # the endpoint gets the tags that Terraform gives
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
  arn_prefix = "arn:${local.partition}:sagemaker:${local.region}:${local.account}"
  name       = "${var.project}-${var.stage}"
  released   = var.registry == null ? 0 : 1
  variant    = "AllTraffic" # the name that pipelines/deploy.py gives to the only variant

  asynchronous_uri = "s3://${var.buckets.data.name}/asynchronous/${var.stage}"

  shift = coalesce(var.traffic_shift, {
    kind         = try(var.instances.count, 1) >= 2 && length(local.alarm_names) > 0 ? "canary" : "all-at-once"
    percent      = null
    wait_seconds = 300
  })
  step = { Type = "CAPACITY_PERCENT", Value = coalesce(local.shift.percent, 10) }
  routing = merge(
    {
      Type                  = { all-at-once = "ALL_AT_ONCE", canary = "CANARY", linear = "LINEAR" }[local.shift.kind]
      WaitIntervalInSeconds = local.shift.wait_seconds
    },
    local.shift.kind == "canary" ? { CanarySize = local.step } : {},
    local.shift.kind == "linear" ? { LinearStepSize = local.step } : {},
  )
  blue_green = {
    TrafficRoutingConfiguration      = local.routing
    TerminationWaitInSeconds         = 60
    MaximumExecutionTimeoutInSeconds = 3600
  }
}

# Without a model of its own, the endpoint is the release pipeline's, and this is what the pipeline reads.
resource "aws_ssm_parameter" "spec" {
  #checkov:skip=CKV2_AWS_34:holds names and sizes that builds read, and no secret
  count = local.released

  name        = "/${var.project}/${var.stage}/endpoint"
  description = "How ${local.name} serves; written by Terraform, read by the pipeline"
  type        = "String"
  tier        = "Intelligent-Tiering"
  tags        = { stage = var.stage }

  value = jsonencode({
    project_slug       = var.project
    stage              = var.stage
    endpoint_name      = local.name
    kind               = var.kind
    role_arn           = aws_iam_role.endpoint.arn
    kms_key_arn        = var.kms_key_arn
    network_isolation  = var.kind != "serverless" # which AWS does not isolate
    subnet_ids         = try(var.network.subnet_ids, [])
    security_group_ids = try(var.network.security_group_ids, [])
    instance_type      = try(var.instances.type, null)
    instance_count     = try(var.instances.count, null)
    serverless         = var.serverless
    asynchronous = var.kind != "asynchronous" ? null : {
      input_s3_uri   = "${local.asynchronous_uri}/input/"
      output_s3_uri  = "${local.asynchronous_uri}/output/"
      failure_s3_uri = "${local.asynchronous_uri}/failure/"
    }
    data_capture = var.capture_percentage == 0 ? null : {
      percentage = var.capture_percentage
      s3_uri     = "s3://${var.buckets.data.name}/capture/${var.stage}/"
    }
    deployment = var.kind == "serverless" ? null : {
      policy = local.blue_green
      alarms = values(local.alarm_names)
    }
    serving = try(var.registry.serving, null) == null ? null : {
      startup_seconds = var.registry.serving.startup_seconds
      ami             = var.registry.serving.ami
    }
    autoscaling         = var.autoscaling
    latency_ms          = try(var.alarms.latency_ms, 5000) # of a release's answers too, when Verify asks for them
    models_bucket       = var.buckets.models.name
    model_package_group = var.registry.model_package_group
    tags                = merge(data.aws_default_tags.current.tags, { stage = var.stage })
  })
}
