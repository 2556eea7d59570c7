# Topics, queues, buses, archives.

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.this.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.this.arn } }
    }]
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn, aws_sqs_queue.work.arn]
  })
}

resource "aws_sqs_queue" "fifo" {
  name                        = "every-kind.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  sqs_managed_sse_enabled     = true
  delay_seconds               = var.generation
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this.arn
    }]
  })
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = "team@example.com"
}

resource "aws_sns_topic" "encrypted" {
  name              = "every-kind-encrypted"
  display_name      = "Generation ${var.generation}"
  kms_master_key_id = aws_kms_key.this.arn

  delivery_policy = jsonencode({
    http = { defaultHealthyRetryPolicy = { minDelayTarget = 20, maxDelayTarget = 20, numRetries = 2 + var.generation } }
  })
}

resource "aws_cloudwatch_event_bus" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"
  tags        = local.tags
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.current.account_id }
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.this.arn
    }]
  })
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = "every-kind"
  description      = "Generation ${var.generation}"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = 10 * var.generation
}

resource "aws_cloudwatch_event_connection" "this" {
  name               = "every-kind"
  description        = "Generation ${var.generation}"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "x-key"
      value = "secret"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "this" {
  name                             = "every-kind"
  description                      = "Generation ${var.generation}"
  invocation_endpoint              = "https://example.com/hook"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 10
  connection_arn                   = aws_cloudwatch_event_connection.this.arn
}

resource "aws_cloudwatch_event_target" "topic" {
  rule           = aws_cloudwatch_event_rule.bus.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_sns_topic.this.arn
  input          = jsonencode({ generation = var.generation })
}

resource "aws_cloudwatch_event_rule" "bus" {
  name           = "every-kind"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = ["every.kind"], detail = { generation = [{ numeric = [">=", var.generation] }] } })
}

resource "aws_cloudwatch_event_target" "pipelines" {
  for_each = { delivery = aws_codepipeline.this.arn, training = aws_sagemaker_pipeline.this.arn }

  rule     = aws_cloudwatch_event_rule.schedule.name
  arn      = each.value
  role_arn = aws_iam_role.this.arn

  dynamic "sagemaker_pipeline_target" {
    for_each = each.key == "training" ? [1] : []

    content {
      pipeline_parameter_list {
        name  = "Generation"
        value = var.generation
      }
    }
  }
}
