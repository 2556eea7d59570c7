# The pipeline's own role: read the source, start the builds of this pipeline, hand artifacts over, ask for approval.

data "aws_iam_policy_document" "trust" {
  for_each = { pipeline = "codepipeline", build = "codebuild", events = "events" }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "StartBuilds"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
    resources = [for build in keys(local.builds) : local.build_arns[build]]
  }

  statement {
    sid       = "HandArtifactsOver"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["${var.artifact_bucket.arn}/*"]
  }

  statement {
    sid       = "LocateArtifacts"
    actions   = ["s3:GetBucketLocation", "s3:GetBucketVersioning"]
    resources = [var.artifact_bucket.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["codecommit", "s3", "sns"] : "${service}.${local.region}.${data.aws_partition.current.dns_suffix}"]
    }
  }

  dynamic "statement" {
    for_each = anytrue([for stage in var.stages : stage.approval != null]) ? [1] : []

    content {
      sid       = "AskForApproval"
      actions   = ["sns:Publish"]
      resources = [var.topic_arn]
    }
  }
}

resource "aws_iam_role" "pipeline" {
  name               = "${local.name}-pipeline"
  assume_role_policy = data.aws_iam_policy_document.trust["pipeline"].json
}

resource "aws_iam_role_policy" "pipeline" {
  name   = "pipeline"
  role   = aws_iam_role.pipeline.id
  policy = data.aws_iam_policy_document.pipeline.json
}

resource "aws_iam_role_policy" "source" {
  name   = "source"
  role   = aws_iam_role.pipeline.id
  policy = var.stages[0].source.policy
}
