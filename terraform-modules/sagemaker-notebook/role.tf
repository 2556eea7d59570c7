# What somebody in the notebook may do: what `policy` says, and stop their own machine. Without `policy` that is all.

data "aws_iam_policy_document" "trust" {
  for_each = { this = "sagemaker", evening = "scheduler" }

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

data "aws_iam_policy_document" "this" {
  source_policy_documents = var.policy == null ? [] : [var.policy]

  statement {
    sid       = "StopThisNotebook"
    actions   = ["sagemaker:DescribeNotebookInstance", "sagemaker:StopNotebookInstance"]
    resources = [local.arn]
  }

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/NotebookInstances:log-stream:${var.name}/*"]
  }

  # A grant lets SageMaker attach the encrypted volume.
  statement {
    sid       = "GrantKeyToVolume"
    actions   = ["kms:CreateGrant", "kms:DescribeKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sagemaker.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust["this"].json
}

resource "aws_iam_role_policy" "this" {
  name   = "notebook"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
