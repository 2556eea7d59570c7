# The role of a monitoring job: read captures, history, ground truth and the baseline; write results; no network.

locals {
  network_members = concat(
    ["network-interface/*"],
    [for id in try(var.network.subnet_ids, []) : "subnet/${id}"],
    [for id in try(var.network.security_group_ids, []) : "security-group/${id}"],
  )
  network_statements = {
    AttachToNetwork = {
      resources = [for member in local.network_members : "arn:${local.partition}:ec2:${local.region}:${local.account}:${member}"]
      actions = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
      ]
    }
    # These actions cannot be narrowed to a resource.
    FindNetwork = {
      resources = ["*"]
      actions   = [for kind in ["DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"] : "ec2:Describe${kind}"]
    }
  }
}

data "aws_iam_policy_document" "job" {
  statement {
    sid     = "ReadRequestsHistoryAndBaseline"
    actions = ["s3:GetObject"]
    resources = concat(
      [for prefix in values(local.prefixes) : "${var.buckets.data.arn}/${prefix}/*"],
      ["${var.buckets.models.arn}/evaluations/*"],
    )
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${var.buckets.data.arn}/${local.prefixes.monitoring}/*"]
  }

  statement {
    sid       = "ListWhatItReads"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
  }

  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.image_repository_arn]
  }

  # These two actions cannot be narrowed to a resource.
  statement {
    sid       = "SignInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PublishMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/ProcessingJobs"]
    }
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/ProcessingJobs:*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["ecr", "s3", "sagemaker"] : "${service}.${local.region}.${local.dns_suffix}"]
    }
  }

  # Grants let SageMaker attach encrypted volumes; they end with the job.
  statement {
    sid       = "GrantKeyToVolumes"
    actions   = ["kms:CreateGrant"]
    resources = [var.kms_key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  dynamic "statement" {
    for_each = { for sid, allowed in local.network_statements : sid => allowed if var.network != null }

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role" "job" {
  name               = local.name
  assume_role_policy = data.aws_iam_policy_document.trust["sagemaker"].json
  tags               = local.tags
}

resource "aws_iam_role_policy" "job" {
  name   = "job"
  role   = aws_iam_role.job.id
  policy = data.aws_iam_policy_document.job.json
}
