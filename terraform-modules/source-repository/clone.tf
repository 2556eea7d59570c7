# What a person's machine, such as a notebook, needs to clone the code and push branches of it.

data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  suffix    = "${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"
  https_url = "https://git-codecommit.${local.suffix}/v1/repos/${var.name}"
}

data "aws_iam_policy_document" "clone" {
  count = length(aws_codecommit_repository.this)

  statement {
    sid       = "CloneAndPushBranches"
    actions   = ["codecommit:GetRepository", "codecommit:GitPull", "codecommit:GitPush"]
    resources = [aws_codecommit_repository.this[0].arn]
  }

  # A push names its branch in its second request only, hence the Null; what is on the branch that is built was reviewed.
  statement {
    sid       = "DenyPushWithoutReview"
    effect    = "Deny"
    actions   = ["codecommit:GitPush"]
    resources = [aws_codecommit_repository.this[0].arn]

    condition {
      test     = "StringEqualsIfExists"
      variable = "codecommit:References"
      values   = ["refs/heads/${var.branch}"]
    }

    condition {
      test     = "Null"
      variable = "codecommit:References"
      values   = ["false"]
    }
  }

  statement {
    sid       = "UseKeyOfRepository"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["codecommit.${local.suffix}"]
    }
  }
}
