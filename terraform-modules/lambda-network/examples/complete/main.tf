# The role of a function that is to run inside a VPC.

data "aws_caller_identity" "current" {}

module "network" {
  source = "../.."

  function_name = "nightly-report"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "report" {
  name               = "nightly-report-function"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "network" {
  name   = "network"
  role   = aws_iam_role.report.id
  policy = module.network.policy
}
