# What the launch function may do in addition, and what the model's own role may read and write while it answers files.

data "aws_iam_policy_document" "launcher" {
  statement {
    sid       = "FindInputsAndOutputs"
    actions   = ["s3:ListBucket"]
    resources = [var.data_bucket.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }

  statement {
    sid       = "KeepManifests"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.data_bucket.arn}/${local.prefix}/jobs/*"]
  }

  statement {
    sid       = "RunBatchJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateTransformJob"]
    resources = [local.job_arn]
  }

  # This action cannot be narrowed to a resource.
  statement {
    sid       = "FindRunningJob"
    actions   = ["sagemaker:ListTransformJobs"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "launcher" {
  name   = "batch"
  role   = var.launcher.role_name
  policy = data.aws_iam_policy_document.launcher.json
}

# A transform job acts as the model, with the role that the endpoint's models have.
data "aws_iam_policy_document" "model" {
  statement {
    sid       = "ReadInputs"
    actions   = ["s3:GetObject"]
    resources = [for kind in ["input", "jobs"] : "${var.data_bucket.arn}/${local.prefix}/${kind}/*"]
  }

  statement {
    sid       = "WriteOutputs"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${var.data_bucket.arn}/${local.prefix}/output/*"]
  }

  statement {
    sid       = "ListInputs"
    actions   = ["s3:ListBucket"]
    resources = [var.data_bucket.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/TransformJobs:*"]
  }
}

resource "aws_iam_role_policy" "model" {
  name   = "batch"
  role   = var.model_role_name
  policy = data.aws_iam_policy_document.model.json
}
