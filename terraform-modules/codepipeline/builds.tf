# One CodeBuild project, log group and role per build stage; a build may do what its own policy says and nothing else.

locals {
  build_names = { for name in keys(local.builds) : name => "${var.project}-${name}" }
  build_arns = {
    for name, project in local.build_names : name => "arn:${local.partition}:codebuild:${local.region}:${local.account}:project/${project}"
  }
}

resource "aws_cloudwatch_log_group" "build" {
  for_each = local.builds

  name              = "/aws/codebuild/${local.build_names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "build" {
  for_each = local.builds

  name               = "${local.build_names[each.key]}-build"
  assume_role_policy = data.aws_iam_policy_document.trust["build"].json
}

data "aws_iam_policy_document" "build" {
  for_each = local.builds

  source_policy_documents = concat(
    each.value.policy == null ? [] : [each.value.policy],
    var.network == null ? [] : [data.aws_iam_policy_document.network[0].json],
    var.package_index == null ? [] : [data.aws_iam_policy_document.packages[0].json],
  )

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.build[each.key].arn}:*"]
  }

  statement {
    sid       = "ReadArtifacts"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${var.artifact_bucket.arn}/*"]
  }

  statement {
    sid       = "UseKeyForArtifacts"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
    }
  }

  dynamic "statement" {
    for_each = each.value.reports ? [1] : []

    content {
      sid = "ReportTests"
      actions = [
        "codebuild:BatchPutTestCases",
        "codebuild:CreateReport",
        "codebuild:CreateReportGroup",
        "codebuild:UpdateReport",
      ]
      resources = ["arn:${local.partition}:codebuild:${local.region}:${local.account}:report-group/${local.build_names[each.key]}-*"]
    }
  }
}

resource "aws_iam_role_policy" "build" {
  for_each = local.builds

  name   = "build"
  role   = aws_iam_role.build[each.key].id
  policy = data.aws_iam_policy_document.build[each.key].json
}

resource "aws_codebuild_project" "this" {
  #checkov:skip=CKV_AWS_316:Docker needs it in the one stage that builds images
  for_each = local.builds

  name                   = local.build_names[each.key]
  description            = "${each.key} of ${var.project}"
  service_role           = aws_iam_role.build[each.key].arn
  encryption_key         = var.kms_key_arn
  build_timeout          = each.value.timeout_minutes
  queued_timeout         = 60
  concurrent_build_limit = 2 # the running build, and one that an abandoned execution left behind

  source {
    type      = "CODEPIPELINE"
    buildspec = each.value.buildspec
  }

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    type            = "LINUX_CONTAINER"
    image           = var.build_image
    compute_type    = each.value.compute_type
    privileged_mode = each.value.privileged

    dynamic "environment_variable" {
      for_each = merge(local.index_environment, each.value.environment)

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      vpc_id             = vpc_config.value.vpc_id
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.build[each.key].name
    }
  }
}
