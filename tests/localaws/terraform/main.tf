# Every kind of resource that a machine learning project on AWS uses, grouped by service. `generation` is raised by the
# test, to change something of each; docs/coverage.md is made from what happens then.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { Project = "every-kind" }
  }
}

variable "generation" {
  type    = number
  default = 1
}

variable "image" {
  type = string
}

variable "model_data_url" {
  type = string
}

variable "function" {
  type = string
}

locals {
  tags = { generation = var.generation }
}

resource "aws_iam_role" "this" {
  name                 = "every-kind"
  description          = "Generation ${var.generation}"
  max_session_duration = 3600 * var.generation
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "sagemaker.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_codeconnections_connection" "this" {
  name          = "every-kind"
  provider_type = "GitHub"
  tags          = local.tags
}

resource "aws_codestarconnections_connection" "this" {
  name          = "every-kind"
  provider_type = "Bitbucket"
  tags          = local.tags
}

resource "aws_ecr_repository" "this" {
  name                 = "every-kind"
  image_tag_mutability = "IMMUTABLE"
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = var.generation > 1
  }
}

resource "aws_budgets_budget" "this" {
  name         = "every-kind"
  budget_type  = "COST"
  limit_amount = 100 * var.generation
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = local.tags

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = ["team-${var.generation}@example.com"]
  }
}
