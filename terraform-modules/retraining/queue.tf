# Events wait in a queue for the function, so that thousands become a few calls and a failure is tried again. What fails
# five times, and what EventBridge could not deliver, is kept for two weeks, and somebody is told.

resource "aws_sqs_queue" "this" {
  name                       = local.name
  kms_master_key_id          = var.kms_key_arn
  message_retention_seconds  = 14 * 24 * 60 * 60
  visibility_timeout_seconds = 6 * aws_lambda_function.this.timeout
  policy                     = data.aws_iam_policy_document.queue["this"].json

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 5 })
}

resource "aws_sqs_queue" "failed" {
  name                      = "${local.name}-failed"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  policy                    = data.aws_iam_policy_document.queue["failed"].json
}

data "aws_iam_policy_document" "queue" {
  for_each = { this = local.name, failed = "${local.name}-failed" }

  statement {
    sid     = "RulesOfThisModule"
    actions = ["sqs:SendMessage"]
    # Names are known before the queues exist, so queue and policy are made in one call.
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${each.value}"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.name}-*"]
    }
  }
}

# Two at a time is the fewest that AWS allows; the state is written under a condition, so that two cannot both start.
resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = aws_sqs_queue.this.arn
  function_name                      = aws_lambda_function.this.arn
  batch_size                         = 90 # with the state, what one DynamoDB transaction holds
  maximum_batching_window_in_seconds = 5
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed"
  alarm_description   = "An event for ${local.name} could not be handled; read it in the queue ${aws_sqs_queue.failed.name}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
