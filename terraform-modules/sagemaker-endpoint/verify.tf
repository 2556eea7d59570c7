# What the build that verifies a release may do: compare the endpoint with what was asked for, ask it, look at the answer.

data "aws_iam_policy_document" "verify" {
  count = local.released

  source_policy_documents = [data.aws_iam_policy_document.common[0].json]

  # The model's archive holds the answers that it gave in training.
  statement {
    sid       = "ReadModels"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.models.arn}/training/*"]
  }

  statement {
    sid       = "UseKeyForObjects"
    actions   = concat(["kms:Decrypt"], var.kind == "asynchronous" ? ["kms:GenerateDataKey*"] : [])
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid       = "ReadConfiguration"
    actions   = ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"]
    resources = local.released_arns
  }

  statement {
    sid       = "AskEndpoint"
    actions   = [var.kind == "asynchronous" ? "sagemaker:InvokeEndpointAsync" : "sagemaker:InvokeEndpoint"]
    resources = [local.endpoint_arn]
  }

  dynamic "statement" {
    for_each = var.kind == "asynchronous" ? [1] : []

    content {
      sid       = "WriteRequestsAndReadAnswers"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${var.buckets.data.arn}/asynchronous/${var.stage}/*"]
    }
  }
}
