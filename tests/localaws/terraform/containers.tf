# Registries, clusters and packages.

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Generation ${var.generation}"
      selection    = { tagStatus = "untagged", countType = "imageCountMoreThan", countNumber = 10 * var.generation }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

data "aws_ecr_authorization_token" "this" {}

data "aws_sagemaker_prebuilt_ecr_image" "this" {
  repository_name = "sagemaker-scikit-learn"
  image_tag       = "1.2-1-cpu-py3"
}

resource "aws_ecs_cluster" "this" {
  name = "every-kind"
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = var.generation == 1 ? "enabled" : "disabled"
  }
}

resource "aws_codeartifact_domain" "this" {
  domain = "every-kind"
  tags   = local.tags
}

resource "aws_codeartifact_repository" "this" {
  domain      = aws_codeartifact_domain.this.domain
  repository  = "every-kind"
  description = "Generation ${var.generation}"
  tags        = local.tags
}
