# What the gatekeeper hears of: data, alarms, ends of runs, the schedule, a tick each minute, and the budget.

locals {
  rules = merge(
    {
      # Manifests only, so that thousands of objects beside one cost nothing; with a quiet period every object counts.
      data = {
        source      = ["aws.s3"]
        detail-type = ["Object Created"]
        detail = {
          bucket = { name = [var.data_bucket.name] }
          object = { key = [var.arrival.kind == "manifest" ? { wildcard = "raw/*_SUCCESS" } : { prefix = "raw/" }] }
        }
      }
      ended = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Pipeline Execution State Change"]
        detail      = { pipeline = [var.pipeline.name], state = ["CANCELED", "FAILED", "STOPPED", "SUCCEEDED", "SUPERSEDED"] }
      }
    },
    length(var.alarm_arns) == 0 ? {} : {
      alarm = {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        resources   = var.alarm_arns
        detail      = { state = { value = ["ALARM"] } }
      }
    },
  )

  # The tick takes up what waited for a quiet period, a cool-down or a new day, and notices runs whose end was not told.
  schedules = merge(
    { tick = { expression = "rate(1 minute)", time_zone = "UTC", input = { reason = "tick" } } },
    var.schedule == null ? {} : {
      schedule = {
        expression = var.schedule.expression
        time_zone  = var.schedule.time_zone
        input      = { reason = "schedule", id = "<aws.scheduler.execution-id>" }
      }
    },
  )
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${local.name}-${each.key}"
  description   = "Tells ${local.name}"
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_sqs_queue.this.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.schedules

  name                         = "${local.name}-${each.key}"
  description                  = "Tells ${local.name}"
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.time_zone
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sqs_queue.this.arn
    role_arn = aws_iam_role.scheduler.arn
    # Scheduler fills in what stands between < and >, which jsonencode would write as an escape.
    input = replace(replace(jsonencode(each.value.input), "\\u003c", "<"), "\\u003e", ">")

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

resource "aws_sns_topic" "budget" {
  name              = "${local.name}-budget"
  kms_master_key_id = var.kms_key_arn
}

data "aws_iam_policy_document" "budget" {
  statement {
    sid       = "BudgetsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.budget.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "budget" {
  arn    = aws_sns_topic.budget.arn
  policy = data.aws_iam_policy_document.budget.json
}

resource "aws_sns_topic_subscription" "budget" {
  topic_arn = aws_sns_topic.budget.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.this.arn
}

resource "aws_lambda_permission" "budget" {
  statement_id   = "Budget"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "sns.amazonaws.com"
  source_arn     = aws_sns_topic.budget.arn
  source_account = local.account
}
