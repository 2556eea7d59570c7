# What was there before Terraform, and is taken over by it.

import {
  to = aws_s3_bucket.imported
  id = "every-kind-imported"
}

resource "aws_s3_bucket" "imported" {
  bucket = "every-kind-imported"
  tags   = local.tags
}

import {
  to = aws_iam_role.imported
  id = "every-kind-imported"
}

resource "aws_iam_role" "imported" {
  name               = "every-kind-imported"
  description        = "Generation ${var.generation}"
  assume_role_policy = aws_iam_role.this.assume_role_policy
}

import {
  to = aws_cloudwatch_log_group.imported
  id = "every-kind-imported"
}

resource "aws_cloudwatch_log_group" "imported" {
  name              = "every-kind-imported"
  retention_in_days = var.generation == 1 ? 7 : 14
}

import {
  to = aws_ssm_parameter.imported
  id = "/every-kind/imported"
}

resource "aws_ssm_parameter" "imported" {
  name  = "/every-kind/imported"
  type  = "String"
  value = var.generation
}

import {
  to = aws_ecr_repository.imported
  id = "every-kind-imported"
}

resource "aws_ecr_repository" "imported" {
  name = "every-kind-imported"
  tags = local.tags
}

import {
  to = aws_sagemaker_model_package_group.imported
  id = "every-kind-imported"
}

resource "aws_sagemaker_model_package_group" "imported" {
  model_package_group_name = "every-kind-imported"
  tags                     = local.tags
}
