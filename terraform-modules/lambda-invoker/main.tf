# The function that applications call: it passes a request to one endpoint and returns the answer. permissions.tf holds
# what it may do, answers.tf how it hears of asynchronous answers.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:runs in a network where the project has one (variable network)
  #checkov:skip=CKV_AWS_272:needs a signing profile of the account; the plan shows the package's hash
  function_name                  = var.name
  description                    = "Invokes the endpoint ${var.endpoint.name}"
  role                           = aws_iam_role.this.arn
  runtime                        = "python3.12"
  handler                        = "invoke.handler.handler"
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  memory_size                    = 256
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  tags                           = var.tags

  environment {
    variables = merge(
      var.environment,
      { ENDPOINT_NAME = var.endpoint.name, ENDPOINT_KIND = var.endpoint.kind },
      var.input == null ? {} : { INPUT_S3_URI = var.input.uri },
      var.capture == null ? {} : { CAPTURE_S3_URI = var.capture.uri, CAPTURE_PERCENTAGE = var.capture.percentage },
    )
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Only asynchronous invocations of the function end here, after Lambda's two retries.
  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  policy                    = one(data.aws_iam_policy_document.failed[*].json)
  tags                      = var.tags
}
