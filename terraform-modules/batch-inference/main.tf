# Batch inference of one stage: files under an input prefix are answered by the live model into one output each. A
# schedule, or their arrival, calls the stage's launch function (module model-monitoring), which starts a transform job
# for every input that has no output yet. The rest is permissions.tf.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  name      = "${var.project}-${var.stage}-batch"
  namespace = "MLOps/${var.project}"
  prefix    = "batch/${var.stage}"
  job_arn   = "arn:${local.partition}:sagemaker:${local.region}:${local.account}:transform-job/${local.name}-*"
  tags      = { stage = var.stage }

  rules = merge(
    {
      ended = {
        source      = ["aws.sagemaker"]
        detail-type = ["SageMaker Transform Job State Change"]
        detail = {
          TransformJobName   = [{ prefix = "${local.name}-" }]
          TransformJobStatus = ["Completed", "Failed", "Stopped"]
        }
      }
    },
    var.on_arrival ? {
      arrived = {
        source      = ["aws.s3"]
        detail-type = ["Object Created"]
        detail      = { bucket = { name = [var.data_bucket.name] }, object = { key = [{ prefix = "${local.prefix}/input/" }] } }
      }
    } : {},
  )
}

resource "aws_ssm_parameter" "spec" {
  #checkov:skip=CKV2_AWS_34:holds names and sizes that builds read, and no secret
  name        = "/${var.project}/${var.stage}/batch"
  description = "How ${var.project}-${var.stage} answers files; written by Terraform, read by ${var.launcher.name}"
  type        = "String"
  tier        = "Intelligent-Tiering"
  tags        = local.tags

  value = jsonencode({
    project_slug         = var.project
    stage                = var.stage
    launcher             = var.launcher.name
    namespace            = local.namespace
    kms_key_arn          = var.kms_key_arn
    input_s3_uri         = "s3://${var.data_bucket.name}/${local.prefix}/input/"
    output_s3_uri        = "s3://${var.data_bucket.name}/${local.prefix}/output/"
    manifest_s3_uri      = "s3://${var.data_bucket.name}/${local.prefix}/jobs/"
    instance_type        = var.machines.instance_type
    instance_count       = var.machines.instance_count
    content_type         = var.files.content_type
    accept               = var.files.accept
    max_file_mb          = var.files.max_mb
    max_concurrent_files = var.files.concurrent
  })
}

resource "aws_scheduler_schedule" "this" {
  count = var.schedule == null ? 0 : 1

  name                         = local.name
  description                  = "Answers new files of ${var.project}-${var.stage}"
  schedule_expression          = var.schedule.expression
  schedule_expression_timezone = var.schedule.time_zone
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.launcher.arn
    role_arn = var.launcher.scheduler_role_arn
    # The scheduled time, the same in every retry, makes the job's name; jsonencode would write < and > as escapes.
    input = "{\"kind\":\"batch\",\"time\":\"<aws.scheduler.scheduled-time>\"}"

    dead_letter_config {
      arn = var.launcher.dead_letter_arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${local.name}-${each.key}"
  description   = "Tells ${var.launcher.name} that files ${each.key == "ended" ? "were answered" : "arrived"}"
  event_pattern = jsonencode(each.value)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = var.launcher.arn

  dead_letter_config {
    arn = var.launcher.dead_letter_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_lambda_permission" "this" {
  for_each = local.rules

  statement_id   = "Batch-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = var.launcher.name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.this[each.key].arn
  source_account = local.account
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed"
  alarm_description   = "A batch job of ${var.project}-${var.stage} failed or left inputs without output: read /aws/sagemaker/TransformJobs, then mlops batch"
  namespace           = local.namespace
  metric_name         = "BatchFailed"
  dimensions          = { Stage = var.stage }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  tags                = local.tags
}
