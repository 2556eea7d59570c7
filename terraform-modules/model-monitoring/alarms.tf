# Alarms on what monitoring published. Thresholds of drift and quality are in project.toml: the job judges by them and
# publishes counts, so an alarm only says how many bad windows are too many. Without traffic nothing is bad.

locals {
  period = var.window.hours * 3600

  # N of M windows: one bad window is chance, and a single good one between bad ones does not end an alarm.
  windows = {
    drift = {
      metric      = "DriftedFeatures"
      description = "The requests to ${var.endpoint_name} moved away from its training data in ${var.bad_windows.bad} of ${var.bad_windows.of} windows: read the report (mlops monitor --window previous)"
    }
    quality = {
      metric      = "QualityViolated"
      description = "The answers of ${var.endpoint_name} got worse than in training in ${var.bad_windows.bad} of ${var.bad_windows.of} windows: read the report (mlops monitor --window previous)"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "window" {
  for_each = local.windows

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = local.namespace
  metric_name         = each.value.metric
  dimensions          = { Stage = var.stage }
  statistic           = "Maximum"
  period              = local.period
  evaluation_periods  = var.bad_windows.of
  datapoints_to_alarm = var.bad_windows.bad
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed"
  alarm_description   = "A monitoring job of ${var.endpoint_name} failed: read /aws/sagemaker/ProcessingJobs, then mlops monitor --window previous --again"
  namespace           = local.namespace
  metric_name         = "MonitorFailed"
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

# A job that was never started leaves no metric, but its call, or its event, is here.
resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name          = "${local.name}-not-started"
  alarm_description   = "${local.launcher} could not start or publish a job: read its log, then the queue ${aws_sqs_queue.failed.name}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  tags                = local.tags
}
