# CodeCommit, CodeBuild and CodePipeline with every member that Terraform can give a V2 pipeline here.

resource "aws_codecommit_repository" "this" {
  repository_name = "every-kind"
  description     = "Generation ${var.generation}"
  tags            = local.tags
}

resource "aws_codecommit_approval_rule_template" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"

  content = jsonencode({
    Version               = "2018-11-08"
    DestinationReferences = ["refs/heads/main"]
    Statements            = [{ Type = "Approvers", NumberOfApprovalsNeeded = var.generation, ApprovalPoolMembers = [] }]
  })
}

resource "aws_codecommit_approval_rule_template_association" "this" {
  approval_rule_template_name = aws_codecommit_approval_rule_template.this.name
  repository_name             = aws_codecommit_repository.this.repository_name
}

resource "aws_s3_bucket" "artifacts" {
  bucket        = "every-kind-artifacts"
  force_destroy = true
}

resource "aws_iam_role" "pipelines" {
  name = "every-kind-pipelines"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["codebuild.amazonaws.com", "codepipeline.amazonaws.com"] }
    }]
  })
}

resource "aws_codebuild_project" "this" {
  name                   = "every-kind"
  description            = "Generation ${var.generation}"
  service_role           = aws_iam_role.pipelines.arn
  build_timeout          = 10 * var.generation
  queued_timeout         = 60
  concurrent_build_limit = 1

  source {
    type      = "CODEPIPELINE"
    buildspec = "buildspecs/check.yml"
  }

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    type         = "LINUX_CONTAINER"
    image        = "aws/codebuild/standard:7.0-25.04.04"
    compute_type = "BUILD_GENERAL1_SMALL"

    environment_variable {
      name  = "GENERATION"
      value = var.generation
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = "/aws/codebuild/every-kind"
    }
  }
}

resource "aws_codepipeline" "this" {
  name           = "every-kind"
  role_arn       = aws_iam_role.pipelines.arn
  pipeline_type  = "V2"
  execution_mode = var.generation == 1 ? "QUEUED" : "SUPERSEDED"
  tags           = local.tags

  artifact_store {
    type     = "S3"
    location = aws_s3_bucket.artifacts.bucket

    encryption_key {
      type = "KMS"
      id   = aws_kms_alias.this.arn
    }
  }

  variable {
    name          = "REASON"
    default_value = "generation ${var.generation}"
    description   = "Why it runs"
  }

  trigger {
    provider_type = "CodeStarSourceConnection"

    git_configuration {
      source_action_name = "Source"

      push {
        branches {
          includes = ["main", "generation-${var.generation}"]
        }

        file_paths {
          excludes = ["docs/**"]
        }
      }
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Source"
      namespace        = "Source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeCommit"
      version          = "1"
      output_artifacts = ["source"]

      configuration = {
        RepositoryName       = aws_codecommit_repository.this.repository_name
        BranchName           = "main"
        PollForSourceChanges = "false"
      }
    }
  }

  stage {
    name = "Build"

    action {
      name            = "Build"
      namespace       = "Build"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["source"]

      configuration = {
        ProjectName          = aws_codebuild_project.this.name
        EnvironmentVariables = jsonencode([{ name = "COMMIT", value = "#{Source.CommitId}", type = "PLAINTEXT" }])
      }
    }
  }

  stage {
    name = "Approve"

    before_entry {
      condition {
        result = "SKIP"

        rule {
          name          = "Something"
          configuration = { Variable = "#{variables.REASON}", Operator = "NE", Value = "none" }

          rule_type_id {
            category = "Rule"
            owner    = "AWS"
            provider = "VariableCheck"
            version  = "1"
          }
        }
      }
    }

    action {
      name               = "Approve"
      category           = "Approval"
      owner              = "AWS"
      provider           = "Manual"
      version            = "1"
      run_order          = 1
      timeout_in_minutes = 10 * var.generation
      configuration      = { CustomData = "#{Build.RELEASE}" }
    }
  }
}
