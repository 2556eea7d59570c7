# Who assumes which role, and what the function may do.

data "aws_iam_policy_document" "trust" {
  for_each = toset(["lambda", "sagemaker", "scheduler"])

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

  function_name = local.launcher
}

data "aws_iam_policy_document" "launcher" {
  source_policy_documents = module.network[*].policy

  statement {
    sid       = "ReadSpecsAndWhatIsLive"
    actions   = ["ssm:GetParameter"]
    resources = [for name in ["batch", "live", "monitoring"] : "${local.parameters}/${name}"]
  }

  statement {
    sid       = "FindRequestsAndHistory"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets.data.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for prefix in values(local.prefixes) : "${prefix}/*"]
    }
  }

  statement {
    sid       = "ReadResults"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.data.arn}/${local.prefixes.monitoring}/*"]
  }

  statement {
    sid       = "WriteManifests"
    actions   = ["s3:PutObject"]
    resources = ["${var.buckets.data.arn}/${local.prefixes.monitoring}/manifests/*"]
  }

  statement {
    sid       = "RunMonitoringJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"]
    resources = [local.job_arn]
  }

  statement {
    sid       = "PassRoleToJobs"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.job.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = local.required_of_jobs

    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = ["sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"]
      resources = ["*"]

      condition {
        test     = statement.value.test
        variable = statement.value.key
        values   = [statement.value.value]
      }
    }
  }

  # These actions cannot be narrowed to a resource.
  statement {
    sid       = "CountTraffic"
    actions   = ["cloudwatch:GetMetricStatistics"]
    resources = ["*"]
  }

  statement {
    sid       = "PublishMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.namespace]
    }
  }

  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
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
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["lambda", "s3", "sagemaker", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }
}

locals {
  # The volume key is not among them: types with a local disk (g5, g4dn, p4d) refuse one.
  required_of_jobs = merge(
    {
      DenyNetworkAccess = { test = "BoolIfExists", key = "sagemaker:NetworkIsolation", value = "false" }
      DenyPlainTraffic  = { test = "BoolIfExists", key = "sagemaker:InterContainerTrafficEncryption", value = "false" }
      DenyPlainOutput   = { test = "Null", key = "sagemaker:OutputKmsKey", value = "true" }
    },
    var.network == null ? {} : {
      DenyOutsideNetwork = { test = "Null", key = "sagemaker:VpcSubnets", value = "true" }
    },
  )
}

resource "aws_iam_role" "launcher" {
  name               = "${local.launcher}-function"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
  tags               = local.tags
}

resource "aws_iam_role_policy" "launcher" {
  name   = "function"
  role   = aws_iam_role.launcher.id
  policy = data.aws_iam_policy_document.launcher.json
}
