# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "defaults_are_safe" {
  command = plan

  assert {
    condition     = aws_codepipeline.this.pipeline_type == "V2" && aws_codepipeline.this.execution_mode == "QUEUED"
    error_message = "the pipeline must be a queued V2 one"
  }

  assert {
    condition     = one(aws_codepipeline.this.artifact_store).encryption_key[0].id == var.kms_key_arn
    error_message = "artifacts must be encrypted with the key"
  }

  assert {
    condition     = toset(keys(aws_codebuild_project.this)) == toset(["check", "package"])
    error_message = "each build stage must have a project"
  }

  assert {
    condition     = !aws_codebuild_project.this["check"].environment[0].privileged_mode && aws_codebuild_project.this["package"].environment[0].privileged_mode
    error_message = "only the image build may be privileged"
  }

  assert {
    condition     = aws_codebuild_project.this["check"].name == "salary-prediction-check" && aws_codepipeline.this.name == "salary-prediction-train"
    error_message = "names must follow the project"
  }

  assert {
    condition     = alltrue([for g in aws_cloudwatch_log_group.build : g.retention_in_days == 365 && g.kms_key_id == var.kms_key_arn])
    error_message = "logs must be kept for a year, encrypted"
  }
}

run "triggers_become_rules" {
  command = plan

  variables {
    triggers = { source = "{\"source\":[\"aws.codecommit\"]}" }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.trigger["source"].name == "salary-prediction-train-source"
    error_message = "the rule must be named after pipeline and trigger"
  }

  assert {
    condition     = aws_cloudwatch_event_target.trigger["source"].retry_policy[0].maximum_event_age_in_seconds == 3600
    error_message = "an event must not start the pipeline a day later"
  }
}

run "approval_and_skip_are_declared" {
  command = plan

  variables {
    execution_mode = "SUPERSEDED"
    stages = [
      { name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } },
      { name = "Approve", approval = { message = "#{Check.SUMMARY}" }, skip_when = { variable = "#{Check.SUMMARY}", equals = "none" } },
    ]
  }

  assert {
    condition     = aws_codepipeline.this.stage[1].action[0].configuration.NotificationArn == var.topic_arn
    error_message = "the owner must be told of a waiting approval"
  }

  assert {
    condition     = aws_codepipeline.this.stage[1].before_entry[0].condition[0].rule[0].configuration.Operator == "NE"
    error_message = "the stage must be entered only when the variable differs"
  }
}

run "variables_reach_the_pipeline_and_the_build" {
  command = plan

  variables {
    variables = { REASON = { default = "commit", description = "why" } }
    stages = [
      { name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } },
      { name = "Train", build = { buildspec = "b.yml", timeout_minutes = 2160, environment = { MLOPS_PROJECT = "salary-prediction" }, variables = { REASON = "#{variables.REASON}" } } },
    ]
  }

  assert {
    condition     = one(aws_codepipeline.this.variable).default_value == "commit"
    error_message = "the pipeline must have the variable"
  }

  assert {
    condition     = jsondecode(aws_codepipeline.this.stage[1].action[0].configuration.EnvironmentVariables)[0].value == "#{variables.REASON}"
    error_message = "the build must get the variable"
  }

  assert {
    condition     = aws_codebuild_project.this["train"].build_timeout == 2160
    error_message = "a build may take 36 hours"
  }

  assert {
    condition     = one(aws_codebuild_project.this["train"].environment[0].environment_variable).value == "salary-prediction"
    error_message = "the build must know its project"
  }
}

run "builds_can_run_inside_a_network" {
  command = plan

  variables {
    network       = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], reaches_package_index = true }
    package_index = { domain = "acme", repository = "pypi" }
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.this : project.vpc_config[0].vpc_id == "vpc-1"])
    error_message = "every build must run inside"
  }

  assert {
    condition     = length(data.aws_iam_policy_document.network) == 1 && length(data.aws_iam_policy_document.packages) == 1
    error_message = "builds must be allowed to attach and to read packages"
  }

  assert {
    condition     = local.index_environment == tomap({ CODEARTIFACT_DOMAIN = "acme", CODEARTIFACT_REPOSITORY = "pypi" })
    error_message = "builds must know their package index"
  }
}
