# The role of the endpoint itself: read models, pull images, write its log, captures and asynchronous answers; no list, no snapshots.

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

locals {
  # What a release put there, or the one model that is fixed.
  fixed_key = trimprefix(coalesce(try(var.model.model_data_url, null), "s3://${var.buckets.models.name}/training/*"), "s3://${var.buckets.models.name}/")
  model_key = local.folder ? "${local.fixed_key}*" : local.fixed_key

  # account.dkr.ecr.region.suffix/repository@digest: an image that the pipeline did not build may come from an account of AWS.
  others = compact([try(var.model.image, null), try(var.registry.serving.image, null)])
  image_repository_arns = concat(compact([try(var.registry.image_repository_arn, null)]), [
    for parts in [for image in local.others : try(regex("^([0-9]{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.[^/]+/([^@:]+)", image), ["", "", ""])] :
    "arn:${local.partition}:ecr:${parts[1]}:${parts[0]}:repository/${parts[2]}"
  ])
}

data "aws_iam_policy_document" "endpoint" {
  statement {
    sid       = "ReadModels"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.models.arn}/${local.model_key}"]
  }

  # SageMaker looks what a folder holds before it reads that.
  dynamic "statement" {
    for_each = local.folder ? [local.model_key] : []

    content {
      sid       = "ListModel"
      actions   = ["s3:ListBucket"]
      resources = [var.buckets.models.arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [statement.value]
      }
    }
  }

  dynamic "statement" {
    for_each = var.capture_percentage > 0 ? [1] : []

    content {
      sid       = "WriteCaptures"
      actions   = ["s3:PutObject"]
      resources = ["${var.buckets.data.arn}/capture/${var.stage}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.kind == "asynchronous" ? [1] : []

    content {
      sid       = "ReadRequestsAndWriteAnswers"
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
      resources = ["${var.buckets.data.arn}/asynchronous/${var.stage}/*"]
    }
  }

  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = local.image_repository_arns
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
      values   = ["/aws/sagemaker/Endpoints", "AWS/SageMaker", "mlops/${var.project}"]
    }
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
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

  # Grants let SageMaker attach encrypted volumes; they end with the endpoint.
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

resource "aws_iam_role" "endpoint" {
  name               = "${local.name}-endpoint"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { stage = var.stage }
}

resource "aws_iam_role_policy" "endpoint" {
  name   = "endpoint"
  role   = aws_iam_role.endpoint.id
  policy = data.aws_iam_policy_document.endpoint.json
}

# SageMaker would make this group itself, without retention or key.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${local.name}"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
  tags              = { stage = var.stage }
}
