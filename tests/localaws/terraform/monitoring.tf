# What watches: dashboards, logs, trails, anomalies, chat.

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "every-kind"

  dashboard_body = jsonencode({
    widgets = [{ type = "text", x = 0, y = 0, width = 6, height = 3, properties = { markdown = "# ${var.generation}" } }]
  })
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = "every-kind"
  log_group_name = aws_cloudwatch_log_group.this.name
}

resource "aws_cloudwatch_log_resource_policy" "this" {
  policy_name = "every-kind"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.this.arn}:*"
    }]
  })
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  name            = "every-kind"
  log_group_name  = aws_cloudwatch_log_group.this.name
  filter_pattern  = "ERROR${var.generation}"
  destination_arn = aws_lambda_function.this.arn
  depends_on      = [aws_lambda_permission.logs]
}

resource "aws_lambda_permission" "logs" {
  function_name = aws_lambda_function.this.function_name
  action        = "lambda:InvokeFunction"
  principal     = "logs.amazonaws.com"
}

resource "aws_cloudwatch_metric_alarm" "percentile" {
  alarm_name          = "every-kind-p99"
  namespace           = "AWS/SageMaker"
  metric_name         = "ModelLatency"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = 1000000 * var.generation
  comparison_operator = "GreaterThanThreshold"
  unit                = "Microseconds"
}

resource "aws_cloudtrail" "this" {
  count                         = 2
  name                          = "every-kind-${count.index}"
  s3_bucket_name                = aws_s3_bucket.this.id
  s3_key_prefix                 = "trail-${var.generation}"
  include_global_service_events = count.index == 0
  tags                          = local.tags

  event_selector {
    read_write_type = "All"

    data_resource {
      type   = "AWS::S3::Object"
      values = ["${aws_s3_bucket.whole.arn}/"]
    }
  }
}

resource "aws_ce_anomaly_monitor" "this" {
  name              = "every-kind-${var.generation}"
  monitor_type      = "DIMENSIONAL"
  monitor_dimension = "SERVICE"
  tags              = local.tags
}

resource "aws_ce_anomaly_subscription" "this" {
  name             = "every-kind"
  frequency        = "DAILY"
  monitor_arn_list = [aws_ce_anomaly_monitor.this.arn]
  tags             = local.tags

  subscriber {
    type    = "EMAIL"
    address = "team@example.com"
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [10 * var.generation]
    }
  }
}

resource "aws_ce_cost_allocation_tag" "this" {
  tag_key = "Project"
  status  = var.generation == 1 ? "Active" : "Inactive"
}

resource "aws_chatbot_slack_channel_configuration" "this" {
  configuration_name = "every-kind"
  iam_role_arn       = aws_iam_role.this.arn
  slack_channel_id   = "C07EZ1ABC23"
  slack_team_id      = "T07EA123LEP"
  sns_topic_arns     = [aws_sns_topic.this.arn]
  logging_level      = var.generation == 1 ? "ERROR" : "INFO"
  tags               = local.tags
}

resource "aws_resourcegroups_group" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"
  tags        = local.tags

  resource_query {
    query = jsonencode({
      ResourceTypeFilters = ["AWS::AllSupported"]
      TagFilters          = [{ Key = "Project", Values = ["every-kind"] }]
    })
  }
}

resource "aws_servicecatalog_portfolio" "this" {
  name          = "every-kind"
  description   = "Generation ${var.generation}"
  provider_name = "MLOps"
  tags          = local.tags
}
