# Whatever Jupyter believes: every evening the instance is stopped. Scheduler calls SageMaker itself, so the only
# right behind it is to stop this one instance. One that is stopped already leaves a refusal in the queue.

data "aws_iam_policy_document" "evening" {
  statement {
    sid       = "StopThisNotebook"
    actions   = ["sagemaker:StopNotebookInstance"]
    resources = [local.arn]
  }

  statement {
    sid       = "KeepRefusals"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.evening.arn]
  }

  statement {
    sid       = "EncryptRefusals"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "evening" {
  name               = "${var.name}-evening"
  assume_role_policy = data.aws_iam_policy_document.trust["evening"].json
}

resource "aws_iam_role_policy" "evening" {
  name   = "evening"
  role   = aws_iam_role.evening.id
  policy = data.aws_iam_policy_document.evening.json
}

resource "aws_sqs_queue" "evening" {
  name                      = "${var.name}-evening"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
}

resource "aws_scheduler_schedule" "evening" {
  name                         = "${var.name}-evening"
  description                  = "Stops the notebook ${var.name}"
  schedule_expression          = var.evening.schedule
  schedule_expression_timezone = var.evening.timezone
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:sagemaker:stopNotebookInstance"
    role_arn = aws_iam_role.evening.arn
    input    = jsonencode({ NotebookInstanceName = var.name })

    dead_letter_config {
      arn = aws_sqs_queue.evening.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }
  }

  depends_on = [aws_iam_role_policy.evening]
}
