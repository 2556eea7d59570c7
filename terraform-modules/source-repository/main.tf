# Where the code lives, and what a pipeline must know to read it: provider, configuration, permissions, start event.

locals {
  is_connection = contains(["github", "gitlab", "bitbucket"], var.kind)
  object_key    = "source/${var.name}.zip"
  provider_type = { github = "GitHub", gitlab = "GitLab", bitbucket = "Bitbucket" }
}

resource "aws_codecommit_repository" "this" {
  #checkov:skip=CKV2_AWS_37:a team of one has nobody to approve; variable approvals adds the rule
  count = var.kind == "codecommit" ? 1 : 0

  repository_name = var.name
  description     = var.description
  kms_key_id      = var.kms_key_arn
}

resource "aws_codecommit_approval_rule_template" "this" {
  count = var.kind == "codecommit" && var.approvals > 0 ? 1 : 0

  name        = "${var.name}-${var.branch}"
  description = "Reviews before a merge to ${var.branch}"

  content = jsonencode({
    Version               = "2018-11-08"
    DestinationReferences = ["refs/heads/${var.branch}"]
    Statements            = [{ Type = "Approvers", NumberOfApprovalsNeeded = var.approvals, ApprovalPoolMembers = [] }]
  })
}

resource "aws_codecommit_approval_rule_template_association" "this" {
  count = length(aws_codecommit_approval_rule_template.this)

  approval_rule_template_name = aws_codecommit_approval_rule_template.this[0].name
  repository_name             = aws_codecommit_repository.this[0].repository_name
}

# Born "pending": a person allows it once in the console, which no API can do in their place.
resource "aws_codeconnections_connection" "this" {
  count = local.is_connection ? 1 : 0

  name          = var.name
  provider_type = local.provider_type[var.kind]
}
