resource "aws_s3_bucket" "this" {
  bucket        = "every-kind-123456789012"
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  name   = "archive"

  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 90 * var.generation
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Generation${var.generation}"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["${aws_s3_bucket.this.arn}/*", aws_s3_bucket.this.arn]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.this.arn}/*"
      },
    ]
  })
}

resource "aws_s3_object" "this" {
  bucket     = aws_s3_bucket.this.id
  key        = "generation"
  content    = var.generation
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_sqs_queue" "dead_letters" {
  name = "every-kind-dead-letters"
}

resource "aws_sqs_queue" "this" {
  name = "every-kind"
  tags = local.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 3
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/every-kind"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  name           = "errors"
  pattern        = "ERROR${var.generation}"
  log_group_name = aws_cloudwatch_log_group.this.name

  metric_transformation {
    name      = "errors"
    namespace = "every-kind"
    value     = "1"
  }
}

resource "aws_lambda_function" "this" {
  function_name    = "every-kind"
  role             = aws_iam_role.this.arn
  handler          = "app.handler.handler"
  runtime          = "python3.12"
  filename         = var.function
  source_code_hash = filebase64sha256(var.function)
  timeout          = 10 + var.generation
  tags             = local.tags

  environment {
    variables = { GENERATION = var.generation }
  }

  tracing_config {
    mode = var.generation == 1 ? "Active" : "PassThrough"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
}

resource "aws_lambda_permission" "this" {
  function_name = aws_lambda_function.this.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}

resource "aws_cloudwatch_event_rule" "this" {
  name  = "every-kind"
  state = var.generation == 1 ? "ENABLED" : "DISABLED"
  tags  = local.tags

  event_pattern = jsonencode({
    source = ["aws.sagemaker"]
    detail = { ModelPackageGroupName = ["every-kind-${var.generation}"] }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = aws_lambda_function.this.arn

  input_transformer {
    input_paths    = { arn = "$.detail.ModelPackageArn" }
    input_template = jsonencode({ arn = "<arn>", generation = var.generation })
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 2
  }
}
