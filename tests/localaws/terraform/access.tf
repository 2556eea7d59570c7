# IAM, and who asks.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_availability_zones" "current" {
  state = "available"
}

data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

data "aws_iam_policy" "managed" {
  arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/ReadOnlyAccess"
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Generation${var.generation}"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.this.arn}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "read"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_policy" "this" {
  name        = "every-kind"
  path        = "/mlops/"
  description = "Everything"
  policy      = data.aws_iam_policy_document.read.json
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_role_policies_exclusive" "this" {
  role_name    = aws_iam_role.this.name
  policy_names = [aws_iam_role_policy.this.name]
}

resource "aws_iam_instance_profile" "this" {
  name = "every-kind"
  role = aws_iam_role.this.name
  tags = local.tags
}

resource "aws_iam_openid_connect_provider" "this" {
  url             = "https://token.actions.example.com"
  client_id_list  = ["sts.amazonaws.com", "generation-${var.generation}"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = local.tags
}

resource "aws_iam_user" "this" {
  name                 = "every-kind"
  permissions_boundary = aws_iam_policy.this.arn
  tags                 = local.tags
}

resource "aws_iam_user_policy" "this" {
  name   = "read"
  user   = aws_iam_user.this.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policy_attachment" "this" {
  user       = aws_iam_user.this.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_access_key" "this" {
  user   = aws_iam_user.this.name
  status = var.generation == 1 ? "Active" : "Inactive"
}

resource "aws_iam_group" "this" {
  name = "every-kind"
  path = "/generation-${var.generation}/"
}

resource "aws_iam_group_policy" "this" {
  name   = "read"
  group  = aws_iam_group.this.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy_attachment" "this" {
  group      = aws_iam_group.this.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_group_membership" "this" {
  name  = "every-kind"
  group = aws_iam_group.this.name
  users = [aws_iam_user.this.name]
}

resource "aws_iam_account_alias" "this" {
  account_alias = "every-kind"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length = 12 + var.generation
}

resource "aws_iam_service_linked_role" "this" {
  aws_service_name = "ecs.amazonaws.com"
  description      = "Generation ${var.generation}"
}
