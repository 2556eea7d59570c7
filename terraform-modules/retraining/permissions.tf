# Roles of the function and of its schedules, and what the build that trains may do: ask, and freeze arrived data.

data "aws_iam_policy_document" "trust" {
  for_each = toset(["lambda", "scheduler"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

module "network" {
  source = "../lambda-network"
  count  = var.network == null ? 0 : 1

  function_name = local.name
}

data "aws_iam_policy_document" "function" {
  source_policy_documents = module.network[*].policy

  statement {
    sid       = "KeepState"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.this.arn]
  }

  statement {
    sid       = "StartAndWatchTraining"
    actions   = ["codepipeline:GetPipelineExecution", "codepipeline:StartPipelineExecution"]
    resources = [local.pipeline_arn]
  }

  statement {
    sid       = "ReadWhatIsLive"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${local.live_parameter}"]
  }

  statement {
    sid       = "ReadEvents"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${local.name}"]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "lambda", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }

  # These actions cannot be narrowed to a resource.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "function" {
  name               = "${local.name}-function"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "TellTheGatekeeper"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.this.arn, aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["scheduler", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.trust["scheduler"].json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "train" {
  statement {
    sid       = "AskTheGatekeeper"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this.arn]
  }

  statement {
    sid       = "ReadRetrainingSpec"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.spec.arn]
  }

  statement {
    sid       = "ReadArrivedData"
    actions   = ["s3:GetObjectVersion"]
    resources = ["${var.data_bucket.arn}/raw/*"]
  }

  statement {
    sid       = "ListArrivedData"
    actions   = ["s3:ListBucketVersions"]
    resources = [var.data_bucket.arn]
  }
}
