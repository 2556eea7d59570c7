# The gatekeeper of continuous training: one function that every start of training asks, and the table with its state.
# queue.tf holds how events reach it, events.tf which ones, permissions.tf what it and the build that trains may do.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
  name       = "${var.project}-retrain"

  # By its name, so that the pipeline's build may ask a function that exists before the pipeline does.
  pipeline_arn   = "arn:${local.partition}:codepipeline:${local.region}:${local.account}:${var.pipeline.name}"
  live_parameter = "/${var.project}/${var.live_stage}/live"
}

resource "aws_dynamodb_table" "this" {
  name         = local.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  # Events that were counted are forgotten after a month, longer than any queue keeps one.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:the queue in front bounds the runs, without taking them from the account's reserve
  #checkov:skip=CKV_AWS_117:runs in a network where the project has one (variable network)
  #checkov:skip=CKV_AWS_272:needs a signing profile of the account; the plan shows the package's hash
  function_name    = local.name
  description      = "Decides when ${var.project} trains"
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  handler          = "retrain.handler.handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = 256
  timeout          = 30
  kms_key_arn      = var.kms_key_arn

  environment {
    variables = {
      TABLE             = aws_dynamodb_table.this.name
      PIPELINE          = var.pipeline.name
      LIVE_PARAMETER    = local.live_parameter
      ARRIVAL           = var.arrival.kind
      QUIET_SECONDS     = var.arrival.quiet_minutes * 60
      COOL_DOWN_SECONDS = var.cool_down_minutes * 60
      DAILY_CAP         = var.daily_cap
      RUN_LIMIT_SECONDS = var.pipeline.longest_minutes * 60
      METRIC_NAMESPACE  = "MLOps/${var.project}"
    }
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # The budget's alert, when the function failed on it three times.
  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ssm_parameter" "spec" {
  #checkov:skip=CKV2_AWS_34:holds names and sizes that builds read, and no secret
  name        = "/${var.project}/retraining"
  description = "How ${var.project} retrains; written by Terraform, read by the pipeline and by people's commands"
  type        = "String"
  tier        = "Intelligent-Tiering"

  value = jsonencode({
    function          = local.name
    table             = local.name
    queue             = aws_sqs_queue.this.name
    dead_letter_queue = aws_sqs_queue.failed.name
    arrival           = var.arrival.kind
    quiet_minutes     = var.arrival.quiet_minutes
    schedule          = var.schedule
    cool_down_minutes = var.cool_down_minutes
    daily_cap         = var.daily_cap
  })
}
