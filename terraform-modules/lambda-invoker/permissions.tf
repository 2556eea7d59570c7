# What the function may do, and what lets an application call it.

module "network" {
  source = "../lambda-network"
  count  = var.network == null ? 0 : 1

  function_name = var.name
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
  source_policy_documents = module.network[*].policy

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
