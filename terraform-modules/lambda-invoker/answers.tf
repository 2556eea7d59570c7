# An asynchronous endpoint answers into S3. To capture request and answer together, the function is told of each answer.

locals {
  captures_answers = var.endpoint.kind == "asynchronous" && var.capture != null
  answers = !local.captures_answers ? null : {
    arn    = trimsuffix(var.input.arn, "input/*")
    bucket = split("/", var.input.uri)[2]
    prefix = trimsuffix(join("/", slice(split("/", var.input.uri), 3, length(split("/", var.input.uri)))), "input/")
  }
}

resource "aws_cloudwatch_event_rule" "answered" {
  count = local.captures_answers ? 1 : 0

  name        = "${var.name}-answered"
  description = "Tells ${var.name} of an asynchronous answer, which it captures"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [local.answers.bucket] }
      object = { key = [{ prefix = "${local.answers.prefix}output/" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "answered" {
  count = local.captures_answers ? 1 : 0

  rule = aws_cloudwatch_event_rule.answered[0].name
  arn  = aws_lambda_function.this.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_lambda_permission" "answered" {
  count = local.captures_answers ? 1 : 0

  statement_id   = "Answers"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.answered[0].arn
  source_account = local.account
}

data "aws_iam_policy_document" "failed" {
  count = local.captures_answers ? 1 : 0

  statement {
    sid       = "RuleOfThisFunction"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-failed"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-answered"]
    }
  }
}
