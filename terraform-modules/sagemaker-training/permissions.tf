# What the builds around a job may do, as policy documents for the pipeline: `package` builds images, `launch` starts
# jobs and registers what they made, and cannot start an unsafe job even by mistake.

locals {
  package_arns = ["${local.arn_prefix}:model-package-group/${var.project}", "${local.arn_prefix}:model-package/${var.project}/*"]
  job_arn      = "${local.arn_prefix}:training-job/${var.project}-*"
}

data "aws_iam_policy_document" "package" {
  statement {
    sid       = "ReadSpec"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.spec.arn]
  }

  statement {
    sid = "PullAndPushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.this.arn]
  }

  # This action cannot be narrowed to a resource.
  statement {
    sid       = "SignInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "launch" {
  statement {
    sid     = "ReadSpecAndLiveModels"
    actions = ["ssm:GetParameter"]
    resources = concat([aws_ssm_parameter.spec.arn], [
      for stage in var.release.stages :
      "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.project}/${stage}/live"
    ])
  }

  statement {
    sid       = "ReadAndMakeSnapshots"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["${var.buckets.data.arn}/snapshots/*"]
  }

  statement {
    sid       = "ReadResultsAndWriteEvaluations"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for prefix in ["training", "evaluations"] : "${var.buckets.models.arn}/${prefix}/*"]
  }

  statement {
    sid       = "ListWhatItReads"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
  }

  statement {
    sid       = "UseKeyForObjects"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid = "RunTrainingJobs"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateTrainingJob",
      "sagemaker:DescribeTrainingJob",
      "sagemaker:StopTrainingJob",
    ]
    resources = [local.job_arn]
  }

  # This action cannot be narrowed to a resource.
  statement {
    sid       = "FindRunningJob"
    actions   = ["sagemaker:ListTrainingJobs"]
    resources = ["*"]
  }

  # SageMaker asks it of the caller as well as of the role that is passed.
  statement {
    sid       = "GrantKeyToVolumes"
    actions   = ["kms:CreateGrant", "kms:DescribeKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sagemaker.${local.region}.${local.dns_suffix}"]
    }
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

  statement {
    sid       = "ReadJobLogs"
    actions   = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/TrainingJobs:*"]
  }

  statement {
    sid = "RegisterModels"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateModelPackage",
      "sagemaker:DescribeModelPackage",
      "sagemaker:ListModelPackages",
      "sagemaker:UpdateModelPackage",
    ]
    resources = local.package_arns
  }

  # Where a person approves, the build that registers a model cannot.
  dynamic "statement" {
    for_each = var.release.approval == "manual" ? [1] : []

    content {
      sid       = "DenyApproval"
      effect    = "Deny"
      actions   = ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"]
      resources = ["*"]

      condition {
        test     = "StringEquals"
        variable = "sagemaker:ModelApprovalStatus"
        values   = ["Approved"]
      }
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
