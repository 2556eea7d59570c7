# The role of a training job itself: read snapshots and pre-trained weights, write models and checkpoints, write its log. What every
# job needs, preprocessing.tf's too, is in `any_job`: this project's images, its key, its network.

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

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "any_job" {
  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.this.arn]
  }

  # These two actions cannot be narrowed to a resource.
  statement {
    sid       = "SignInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
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

data "aws_iam_policy_document" "job" {
  source_policy_documents = [data.aws_iam_policy_document.any_job.json]

  statement {
    sid       = "ReadSnapshots"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.data.arn}/snapshots/*", "${var.buckets.models.arn}/weights/*"]
  }

  statement {
    sid       = "WriteModelsAndCheckpoints"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [for prefix in ["training", "checkpoints"] : "${var.buckets.models.arn}/${prefix}/*"]
  }

  statement {
    sid       = "ListWhatItReads"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
  }

  statement {
    sid       = "PublishMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/TrainingJobs", "mlops/${var.project}"]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/TrainingJobs:*"]
  }
}

resource "aws_iam_role" "job" {
  name               = "${var.project}-training"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "job" {
  name   = "job"
  role   = aws_iam_role.job.id
  policy = data.aws_iam_policy_document.job.json
}
