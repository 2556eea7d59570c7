# One stage's continuous monitoring: a schedule calls a function, the function starts a job of the live model and, when
# that ends, publishes its metrics; alarms on them tell the owner and the gatekeeper. The rest is schedule.tf,
# launcher.tf (the function), job.tf (the job's role), alarms.tf and dashboard.tf.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
  name       = "${var.project}-${var.stage}-monitor"
  launcher   = "${var.project}-${var.stage}-launch"
  namespace  = "MLOps/${var.project}"
  tags       = { stage = var.stage }

  # By name: the function's policy, the spec and the rule can then be made before the jobs exist.
  job_arn    = "arn:${local.partition}:sagemaker:${local.region}:${local.account}:processing-job/${local.name}-*"
  parameters = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.project}/${var.stage}"
  prefixes   = { for kind in ["capture", "ground-truth", "monitoring"] : kind => "${kind}/${var.stage}" }

  # SageMaker writes captured requests within minutes; twenty after the hour they are there.
  every    = var.window.hours == 1 ? "*" : var.window.hours == 24 ? "0" : "0/${var.window.hours}"
  schedule = coalesce(var.schedule, "cron(20 ${local.every} * * ? *)")
}

resource "aws_ssm_parameter" "spec" {
  #checkov:skip=CKV2_AWS_34:holds names and sizes that builds read, and no secret
  name        = "/${var.project}/${var.stage}/monitoring"
  description = "How ${var.project}-${var.stage} is monitored; written by Terraform, read by ${local.launcher}"
  type        = "String"
  tier        = "Intelligent-Tiering"
  tags        = local.tags

  value = jsonencode({
    project_slug        = var.project
    stage               = var.stage
    launcher            = local.launcher
    endpoint_name       = var.endpoint_name
    namespace           = local.namespace
    role_arn            = aws_iam_role.job.arn
    kms_key_arn         = var.kms_key_arn
    subnet_ids          = try(var.network.subnet_ids, [])
    security_group_ids  = try(var.network.security_group_ids, [])
    instance_type       = var.machine.instance_type
    volume_size_gb      = var.machine.volume_size_gb
    max_runtime_seconds = var.machine.max_runtime_seconds
    window_hours        = var.window.hours
    sampling_percentage = var.window.sampling_percentage
    history_days        = var.window.history_days
    capture_s3_uri      = "s3://${var.buckets.data.name}/${local.prefixes.capture}/${var.endpoint_name}/AllTraffic/"
    ground_truth_s3_uri = "s3://${var.buckets.data.name}/${local.prefixes["ground-truth"]}/"
    output_s3_uri       = "s3://${var.buckets.data.name}/${local.prefixes.monitoring}/"
  })
}
