# The same facts for a pipeline, whichever kind of source it is.

locals {
  clone_url = var.kind == "s3" ? "s3://${var.bucket.name}/${local.object_key}" : (
    local.is_connection ? "https://${local.hosts[var.kind]}/${var.repository}.git" : null
  )
  hosts = { github = "github.com", gitlab = "gitlab.com", bitbucket = "bitbucket.org" }

  action = {
    provider = local.is_connection ? "CodeStarSourceConnection" : { codecommit = "CodeCommit", s3 = "S3" }[var.kind]
    owner    = "AWS"
    # Values of three shapes cannot meet in one conditional expression; a merge of optional maps can.
    configuration = merge(
      var.kind != "codecommit" ? {} : {
        RepositoryName       = var.name
        BranchName           = var.branch
        PollForSourceChanges = "false"
      },
      !local.is_connection ? {} : {
        ConnectionArn        = aws_codeconnections_connection.this[0].arn
        FullRepositoryId     = var.repository
        BranchName           = var.branch
        DetectChanges        = "false"
        OutputArtifactFormat = "CODE_ZIP"
      },
      var.kind != "s3" ? {} : {
        S3Bucket             = var.bucket.name
        S3ObjectKey          = local.object_key
        PollForSourceChanges = "false"
      },
    )
  }

  events = {
    codecommit = {
      source      = ["aws.codecommit"]
      detail-type = ["CodeCommit Repository State Change"]
      resources   = aws_codecommit_repository.this[*].arn
      detail = {
        event         = ["referenceCreated", "referenceUpdated"]
        referenceType = ["branch"]
        referenceName = [var.branch]
      }
    }
    s3 = {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = [try(var.bucket.name, "")] }, object = { key = [local.object_key] } }
    }
  }
  event_pattern = local.is_connection ? null : jsonencode(local.events[var.kind])
}

data "aws_iam_policy_document" "read" {
  dynamic "statement" {
    for_each = aws_codecommit_repository.this

    content {
      sid = "ReadRepository"
      actions = [
        "codecommit:CancelUploadArchive",
        "codecommit:GetBranch",
        "codecommit:GetCommit",
        "codecommit:GetRepository",
        "codecommit:GetUploadArchiveStatus",
        "codecommit:UploadArchive",
      ]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = aws_codeconnections_connection.this

    content {
      sid       = "UseConnection"
      actions   = ["codeconnections:UseConnection"]
      resources = [statement.value.arn]

      condition {
        test     = "StringEquals"
        variable = "codeconnections:FullRepositoryId"
        values   = [var.repository]
      }
    }
  }

  dynamic "statement" {
    for_each = var.kind == "s3" ? [var.bucket] : []

    content {
      sid       = "ReadZipFile"
      actions   = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
      resources = ["${statement.value.arn}/${local.object_key}"]
    }
  }

  dynamic "statement" {
    for_each = var.kind == "s3" ? [var.bucket] : []

    content {
      sid       = "ReadBucket"
      actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
      resources = [statement.value.arn]
    }
  }
}
