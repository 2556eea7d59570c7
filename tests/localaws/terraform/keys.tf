# Keys, secrets and parameters.

resource "aws_kms_key" "this" {
  description             = "Generation ${var.generation}"
  deletion_window_in_days = 7
  enable_key_rotation     = var.generation == 1
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/every-kind"
  target_key_id = var.generation == 1 ? aws_kms_key.this.key_id : aws_kms_key.other.key_id
}

resource "aws_kms_key" "other" {
  description             = "Another one"
  deletion_window_in_days = 7
}

resource "aws_kms_key_policy" "this" {
  key_id = aws_kms_key.other.id
  policy = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Generation${var.generation}"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_kms_grant" "this" {
  name              = "every-kind"
  key_id            = aws_kms_key.this.key_id
  grantee_principal = aws_iam_role.this.arn
  operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]
}

resource "aws_ssm_parameter" "text" {
  name        = "/every-kind/text"
  description = "Generation ${var.generation}"
  type        = "String"
  value       = jsonencode({ generation = var.generation })
  tags        = local.tags
}

resource "aws_ssm_parameter" "secret" {
  name   = "/every-kind/secret"
  type   = "SecureString"
  key_id = aws_kms_key.this.arn
  value  = "generation-${var.generation}"
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_secretsmanager_secret" "this" {
  name                    = "every-kind"
  description             = "Generation ${var.generation}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = 0
  tags                    = local.tags
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = jsonencode({ password = "generation-${var.generation}" })
}

resource "aws_secretsmanager_secret_policy" "this" {
  secret_arn = aws_secretsmanager_secret.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.this.arn }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}

resource "aws_acm_certificate" "this" {
  domain_name       = "every-kind.example.com"
  validation_method = "DNS"
  tags              = local.tags
}
