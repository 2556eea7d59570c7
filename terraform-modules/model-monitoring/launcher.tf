# The function that starts jobs of the live model and publishes what they measured. Batch inference uses it, too: module
# batch-inference adds a policy to its role.

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:a schedule and two queues start it, a few times an hour
  #checkov:skip=CKV_AWS_117:runs in a network where the project has one (variable network)
  #checkov:skip=CKV_AWS_272:needs a signing profile of the account; the plan shows the package's hash
  function_name    = local.launcher
  description      = "Starts monitoring and batch jobs of ${var.project}-${var.stage}"
  role             = aws_iam_role.launcher.arn
  runtime          = "python3.12"
  handler          = "launch.handler.handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = 256
  timeout          = 300
  kms_key_arn      = var.kms_key_arn
  tags             = local.tags

  environment {
    variables = { PROJECT = var.project, STAGE = var.stage }
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

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

  depends_on = [aws_iam_role_policy.launcher]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.launcher}"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

# Calls that failed three times, and events that could not be delivered for an hour.
resource "aws_sqs_queue" "failed" {
  name                      = "${local.launcher}-failed"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  policy                    = data.aws_iam_policy_document.failed.json
  tags                      = local.tags
}

data "aws_iam_policy_document" "failed" {
  statement {
    sid       = "RulesOfThisStage"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${local.launcher}-failed"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.project}-${var.stage}-*"]
    }
  }
}

resource "aws_cloudwatch_event_rule" "ended" {
  name        = "${local.name}-ended"
  description = "Tells ${local.launcher} that a monitoring job ended"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.sagemaker"]
    detail-type = ["SageMaker Processing Job State Change"]
    detail = {
      ProcessingJobName   = [{ prefix = "${local.name}-" }]
      ProcessingJobStatus = ["Completed", "Failed", "Stopped"]
    }
  })
}

resource "aws_cloudwatch_event_target" "ended" {
  rule = aws_cloudwatch_event_rule.ended.name
  arn  = aws_lambda_function.this.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_lambda_permission" "ended" {
  statement_id   = "MonitoringJobs"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.ended.arn
  source_account = local.account
}
