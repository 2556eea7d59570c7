# The role of a preprocessing job: read raw files, their labels and pre-trained weights, write what comes of them, and see nothing
# else: no snapshot, no model.

data "aws_iam_policy_document" "preprocessing" {
  source_policy_documents = [data.aws_iam_policy_document.any_job.json]

  statement {
    sid       = "ReadUnprocessed"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.data.arn}/unprocessed/*", "${var.buckets.models.arn}/weights/*"]
  }

  statement {
    sid       = "WritePreprocessed"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${var.buckets.data.arn}/raw/preprocessed/*"]
  }

  statement {
    sid       = "ListWhatItReads"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["unprocessed/*", "weights/*"]
    }
  }

  statement {
    sid       = "LocateBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
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
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/ProcessingJobs:*"]
  }
}

resource "aws_iam_role" "preprocessing" {
  count = var.preprocessing == null ? 0 : 1

  name               = "${var.project}-preprocessing"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "preprocessing" {
  count = var.preprocessing == null ? 0 : 1

  name   = "job"
  role   = aws_iam_role.preprocessing[0].id
  policy = data.aws_iam_policy_document.preprocessing.json
}
