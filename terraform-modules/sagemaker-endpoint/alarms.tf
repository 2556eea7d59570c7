# The alarms that roll an update back and tell the owner. No traffic is no error.

locals {
  # SageMaker's own failures and those of the model, as shares of all requests, so that one rule fits every traffic.
  shares = var.alarms == null ? {} : {
    errors = {
      metric  = "Invocation5XXErrors"
      percent = var.alarms.error_percent
      least   = 1
      meaning = "of the requests to ${local.name} failed"
    }
    model-errors = {
      metric  = "InvocationModelErrors"
      percent = var.alarms.model_error_percent
      least   = var.alarms.least_model_errors # it counts bad requests too, and one of those is the caller's affair
      meaning = "of the requests to ${local.name} were refused or not answered by the model itself"
    }
  }

  values = merge(
    var.alarms == null ? {} : {
      latency = {
        namespace  = "AWS/SageMaker"
        metric     = "ModelLatency"
        dimensions = local.dimensions
        statistic  = "p99"
        comparison = "GreaterThanThreshold"
        threshold  = var.alarms.latency_ms * 1000 # SageMaker reports microseconds
        meaning    = "The model behind ${local.name} takes longer than ${var.alarms.latency_ms} ms"
      }
    },
    try(var.alarms.custom, null) == null ? {} : {
      custom = merge(var.alarms.custom, { meaning = "${var.alarms.custom.metric} of ${local.name} crossed ${var.alarms.custom.threshold}" })
    },
  )

  alarm_names = { for reason in concat(keys(local.shares), keys(local.values)) : reason => "${local.name}-${reason}" }
  dimensions  = { EndpointName = local.name, VariantName = local.variant }
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = local.shares

  alarm_name          = local.alarm_names[each.key]
  alarm_description   = "More than ${each.value.percent} % ${each.value.meaning}. What to do: ${var.alarms.runbook}#${each.key}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.percent
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = { stage = var.stage }

  metric_query {
    id          = "share"
    expression  = each.value.least == 1 ? "100 * errors / requests" : "IF(errors >= ${each.value.least}, 100 * errors / requests, 0)"
    label       = "Failed requests (%)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = each.value.metric, requests = "Invocations" }

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

resource "aws_cloudwatch_metric_alarm" "value" {
  for_each = local.values

  alarm_name          = local.alarm_names[each.key]
  alarm_description   = "${each.value.meaning}. What to do: ${var.alarms.runbook}#${each.key}"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  period              = 60
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = { stage = var.stage }
}
