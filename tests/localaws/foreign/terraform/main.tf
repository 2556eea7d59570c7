# What the registry's modules for S3, KMS, IAM, VPC, EventBridge, Lambda, SNS, SQS, DynamoDB and ECR set beyond what
# ../../terraform has, in one configuration that knows nothing of the embedded AWS.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {}

variable "function" {
  description = "Path of a zip with a Lambda function."
  type        = string
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_availability_zones" "available" { state = "available" }

data "aws_iam_policy_document" "assume" {
  for_each = toset(["lambda", "events", "sagemaker"])

  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = data.aws_iam_policy_document.assume

  name_prefix           = "foreign-${each.key}-"
  path                  = "/service/"
  description           = "Of ${each.key}"
  assume_role_policy    = each.value.json
  max_session_duration  = 7200
  force_detach_policies = true
  tags                  = { Name = each.key }
}

resource "aws_iam_policy" "this" {
  name_prefix = "foreign-"
  path        = "/service/"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "logs:*", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = aws_iam_role.this

  role       = each.value.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_kms_key" "this" {
  description                        = "Multi-region"
  multi_region                       = true
  key_usage                          = "ENCRYPT_DECRYPT"
  customer_master_key_spec           = "SYMMETRIC_DEFAULT"
  bypass_policy_lockout_safety_check = false
  enable_key_rotation                = true
  rotation_period_in_days            = 180
  deletion_window_in_days            = 7
}

resource "aws_kms_alias" "this" {
  name_prefix   = "alias/foreign-"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_kms_grant" "this" {
  name              = "lambda"
  key_id            = aws_kms_key.this.key_id
  grantee_principal = aws_iam_role.this["lambda"].arn
  operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]
  constraints { encryption_context_equals = { Department = "Data" } }
}
