# Another region, and another account that is reached by an assumed role.

provider "aws" {
  alias  = "abroad"
  region = "us-east-1"
}

provider "aws" {
  alias  = "elsewhere"
  region = "eu-west-1"

  assume_role {
    role_arn     = "arn:aws:iam::210987654321:role/deployer"
    session_name = "every-kind"
  }
}

data "aws_caller_identity" "elsewhere" {
  provider = aws.elsewhere
}

resource "aws_s3_bucket" "abroad" {
  provider = aws.abroad
  bucket   = "every-kind-abroad-123456789012"
  tags     = local.tags
}

resource "aws_ssm_parameter" "abroad" {
  provider = aws.abroad
  name     = "/every-kind/text"
  type     = "String"
  value    = "abroad ${var.generation}"
}

resource "aws_sns_topic" "elsewhere" {
  provider = aws.elsewhere
  name     = "every-kind"
  tags     = local.tags
}

resource "aws_ssm_parameter" "elsewhere" {
  provider = aws.elsewhere
  name     = "/every-kind/text"
  type     = "String"
  value    = "${data.aws_caller_identity.elsewhere.account_id} ${var.generation}"
}

resource "aws_iam_role" "elsewhere" {
  provider = aws.elsewhere
  name     = "every-kind"
  tags     = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
    }]
  })
}

output "accounts" {
  value = [data.aws_caller_identity.current.account_id, data.aws_caller_identity.elsewhere.account_id]
}

output "topics" {
  value = [aws_sns_topic.this.arn, aws_sns_topic.elsewhere.arn]
}
