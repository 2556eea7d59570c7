resource "aws_scheduler_schedule_group" "this" {
  name = "every-kind"
  tags = local.tags
}

resource "aws_scheduler_schedule" "this" {
  name                         = "every-kind"
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "Generation ${var.generation}"
  schedule_expression          = "cron(0 ${5 + var.generation} ? * MON-FRI *)"
  schedule_expression_timezone = "Europe/Berlin"
  state                        = var.generation == 1 ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15 * var.generation
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.this.arn
    input    = jsonencode({ reason = "schedule", generation = var.generation })

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = var.generation
    }
  }
}

resource "aws_scheduler_schedule" "once" {
  name                = "every-kind-once"
  schedule_expression = "at(2040-01-0${var.generation}T00:00:00)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sqs_queue.this.arn
    role_arn = aws_iam_role.this.arn
    input    = "{}"
  }
}

resource "aws_cloudwatch_event_rule" "schedule" {
  name                = "every-kind-schedule"
  schedule_expression = "rate(${1 + var.generation} hours)"
}

resource "aws_cloudwatch_event_target" "schedule" {
  rule = aws_cloudwatch_event_rule.schedule.name
  arn  = aws_sqs_queue.this.arn
}

resource "aws_sqs_queue" "work" {
  name                       = "every-kind-work"
  visibility_timeout_seconds = 120
  message_retention_seconds  = 86400 * var.generation

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 2 + var.generation
  })
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.work.arn
  function_name                      = aws_lambda_function.this.arn
  batch_size                         = 50 * var.generation
  maximum_batching_window_in_seconds = 10 * var.generation
  function_response_types            = ["ReportBatchItemFailures"]
  enabled                            = var.generation == 1

  scaling_config {
    maximum_concurrency = 1 + var.generation
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = var.generation - 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_sns_topic" "this" {
  name = "every-kind"
  tags = local.tags
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn     = aws_sns_topic.this.arn
  protocol      = "sqs"
  endpoint      = aws_sqs_queue.this.arn
  filter_policy = jsonencode({ generation = [tostring(var.generation)] })
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  alarm_name          = "every-kind-metric"
  namespace           = "every-kind"
  metric_name         = "drift"
  dimensions          = { Stage = "prod" }
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = var.generation / 10
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.this.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "expression" {
  alarm_name          = "every-kind-expression"
  evaluation_periods  = 1 + var.generation
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    expression  = "100 * errors / requests"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Invocation5XXErrors", requests = "Invocations" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = metric_query.value
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "this" {
  alarm_name        = "every-kind-composite"
  alarm_description = "Generation ${var.generation}"
  alarm_actions     = [aws_sns_topic.this.arn]
  tags              = local.tags

  alarm_rule = join(" ${var.generation == 1 ? "OR" : "AND"} ", [
    "ALARM(\"${aws_cloudwatch_metric_alarm.metric.alarm_name}\")",
    "ALARM(\"${aws_cloudwatch_metric_alarm.expression.alarm_name}\")",
  ])
}

resource "aws_cloudwatch_query_definition" "this" {
  name            = "every-kind"
  log_group_names = [aws_cloudwatch_log_group.this.name]
  query_string    = "fields @timestamp, @message | limit ${10 * var.generation}"
}
