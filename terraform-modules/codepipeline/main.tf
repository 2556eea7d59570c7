# A CodePipeline V2 from a list of stages; builds.tf holds its CodeBuild projects, events.tf what starts it and whom it tells.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  name      = "${var.project}-${var.name}"
  arn       = "arn:${local.partition}:codepipeline:${local.region}:${local.account}:${local.name}"

  builds = { for stage in var.stages : lower(stage.name) => stage.build if stage.build != null }
}

resource "aws_codepipeline" "this" {
  name           = local.name
  role_arn       = aws_iam_role.pipeline.arn
  pipeline_type  = "V2"
  execution_mode = var.execution_mode

  artifact_store {
    type     = "S3"
    location = var.artifact_bucket.name

    encryption_key {
      type = "KMS"
      id   = var.kms_key_arn
    }
  }

  dynamic "variable" {
    for_each = var.variables

    content {
      name          = variable.key
      default_value = variable.value.default
      description   = variable.value.description
    }
  }

  dynamic "stage" {
    for_each = var.stages

    content {
      name = stage.value.name

      dynamic "action" {
        for_each = stage.value.source == null ? [] : [stage.value.source]

        content {
          name             = stage.value.name
          namespace        = stage.value.name
          category         = "Source"
          owner            = action.value.owner
          provider         = action.value.provider
          version          = "1"
          configuration    = action.value.configuration
          output_artifacts = ["source"]
        }
      }

      dynamic "action" {
        for_each = stage.value.build == null ? [] : [stage.value.build]

        content {
          name            = stage.value.name
          namespace       = action.value.namespace
          category        = "Build"
          owner           = "AWS"
          provider        = "CodeBuild"
          version         = "1"
          input_artifacts = ["source"]

          configuration = merge(
            { ProjectName = aws_codebuild_project.this[lower(stage.value.name)].name },
            length(action.value.variables) == 0 ? {} : {
              EnvironmentVariables = jsonencode([
                for name, value in action.value.variables : { name = name, value = value, type = "PLAINTEXT" }
              ])
            },
          )
        }
      }

      dynamic "action" {
        for_each = stage.value.approval == null ? [] : [stage.value.approval]

        content {
          name          = stage.value.name
          category      = "Approval"
          owner         = "AWS"
          provider      = "Manual"
          version       = "1"
          configuration = { CustomData = action.value.message, NotificationArn = var.topic_arn }
        }
      }

      # The rule must hold to enter the stage, so the comparison is the opposite of `skip_when`.
      dynamic "before_entry" {
        for_each = stage.value.skip_when == null ? [] : [stage.value.skip_when]

        content {
          condition {
            result = "SKIP"

            rule {
              name          = "NotSkipped"
              configuration = { Variable = before_entry.value.variable, Operator = "NE", Value = before_entry.value.equals }

              rule_type_id {
                category = "Rule"
                owner    = "AWS"
                provider = "VariableCheck"
                version  = "1"
              }
            }
          }
        }
      }
    }
  }

  # A new pipeline starts at once; without its permissions that first execution would fail.
  depends_on = [
    aws_iam_role_policy.pipeline,
    aws_iam_role_policy.source,
    aws_iam_role_policy.build,
  ]
}
