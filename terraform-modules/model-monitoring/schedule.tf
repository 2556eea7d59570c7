# The schedule that calls the function, and the role that lets it; batch inference uses the role, too.

resource "aws_scheduler_schedule" "this" {
  name                         = local.name
  description                  = "Monitors the last ${var.window.hours} h of ${var.endpoint_name}"
  schedule_expression          = local.schedule
  schedule_expression_timezone = "UTC"
  state                        = var.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.scheduler.arn
    # The scheduled time, the same in every retry, makes the job's name; jsonencode would write < and > as escapes.
    input = "{\"kind\":\"monitor\",\"time\":\"<aws.scheduler.scheduled-time>\"}"

    dead_letter_config {
      arn = aws_sqs_queue.failed.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "CallThisFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this.arn]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["scheduler", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.launcher}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.trust["scheduler"].json
  tags               = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "call"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}
