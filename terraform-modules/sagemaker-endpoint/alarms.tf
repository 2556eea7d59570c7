# The alarms that roll an update back and tell the owner. No traffic is no error.

locals {
  alarms = {
    errors = {
      name        = "${local.name}-errors"
      description = "More than ${var.alarms.error_percent} % of the requests to ${local.name} failed: read /aws/sagemaker/Endpoints/${local.name}"
      threshold   = var.alarms.error_percent
    }
    latency = {
      name        = "${local.name}-latency"
      description = "The model behind ${local.name} takes longer than ${var.alarms.latency_ms} ms: add instances or use a larger type"
      threshold   = var.alarms.latency_ms * 1000 # SageMaker reports microseconds
    }
  }
  dimensions = { EndpointName = local.name, VariantName = local.variant }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = local.alarms.errors.name
  alarm_description   = local.alarms.errors.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.alarms.errors.threshold
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = { stage = var.stage }

  metric_query {
    id          = "share"
    expression  = "100 * errors / requests"
    label       = "Failed requests (%)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Invocation5XXErrors", requests = "Invocations" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = metric_query.value
        dimensions  = local.dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = local.alarms.latency.name
  alarm_description   = local.alarms.latency.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.alarms.latency.threshold
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  namespace           = "AWS/SageMaker"
  metric_name         = "ModelLatency"
  dimensions          = local.dimensions
  period              = 60
  extended_statistic  = "p99"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = { stage = var.stage }
}
