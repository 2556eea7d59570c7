# The function that applications call: it passes a request to one endpoint and returns the answer.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix

  interface_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
  ]
  interface_arns = [
    for kind in ["network-interface", "security-group", "subnet"] :
    "arn:${local.partition}:ec2:${local.region}:${local.account}:${kind}/*"
  ]
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

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "InvokeThisEndpoint"
    actions   = [var.endpoint.kind == "asynchronous" ? "sagemaker:InvokeEndpointAsync" : "sagemaker:InvokeEndpoint"]
    resources = [var.endpoint.arn]
  }

  dynamic "statement" {
    for_each = var.input == null ? [] : [var.input]

    content {
      sid       = "PutRequests"
      actions   = ["s3:PutObject"]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = var.capture == null ? [] : [var.capture]

    content {
      sid       = "CaptureRequests"
      actions   = ["s3:PutObject"]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = local.answers == null ? [] : [local.answers]

    content {
      sid       = "ReadAnswers"
      actions   = ["s3:GetObject"]
      resources = ["${statement.value.arn}output/*"]
    }
  }

  dynamic "statement" {
    for_each = local.answers == null ? [] : [local.answers]

    content {
      sid       = "KeepRequestsUntilTheyAreAnswered"
      actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${statement.value.arn}pending/*"]
    }
  }

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["lambda", "s3", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }

  # Lambda makes the interfaces in the function's name, wherever in this account; what finds them cannot be narrowed.
  dynamic "statement" {
    for_each = var.network == null ? {} : {
      AttachToNetwork = { actions = local.interface_actions, resources = local.interface_arns }
      FindNetwork     = { actions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], resources = ["*"] }
    }

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  # What Lambda may do with its interfaces is not what the code may do with the network.
  dynamic "statement" {
    for_each = var.network == null ? [] : [1]

    content {
      sid       = "DenyNetworkToTheCode"
      effect    = "Deny"
      actions   = local.interface_actions
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = ["arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"]
      }
    }
  }

  # These actions cannot be narrowed to a resource.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-function"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  name   = "function"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

data "aws_iam_policy_document" "invoke" {
  statement {
    sid       = "InvokeFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this.arn]
  }
}
