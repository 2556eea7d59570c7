# What the builds around a job may do, as policy documents for the pipeline: `package` builds images, `launch` starts
# jobs (jobs.tf) and registers what they made.

locals {
  package_arns = ["${local.arn_prefix}:model-package-group/${var.project}", "${local.arn_prefix}:model-package/${var.project}/*"]
  job_arn      = "${local.arn_prefix}:training-job/${var.project}-*"
  # pipelines/tune.py leaves of a long project what fits before the time: names of tuning jobs have at most 32 letters.
  tuning_job_arn = "${local.arn_prefix}:hyper-parameter-tuning-job/${substr(var.project, 0, 17)}-*"
}

data "aws_iam_policy_document" "package" {
  statement {
    sid       = "ReadSpec"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.spec.arn]
  }

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
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
  source_policy_documents = [data.aws_iam_policy_document.run.json]

  statement {
    sid     = "ReadLiveModels"
    actions = ["ssm:GetParameter"]
    resources = [
      for stage in var.release.stages :
      "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.project}/${stage}/live"
    ]
  }

  statement {
    sid       = "MakeSnapshots"
    actions   = ["s3:PutObject"]
    resources = ["${var.buckets.data.arn}/snapshots/*"]
  }

  statement {
    sid       = "WriteEvaluations"
    actions   = ["s3:PutObject"]
    resources = ["${var.buckets.models.arn}/evaluations/*"]
  }

  statement {
    sid = "RegisterModels"
    actions = [
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
}
