# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  project         = "salary-prediction"
  name            = "train"
  artifact_bucket = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/0"
  topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  stages = [
    { name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } },
    { name = "Check", build = { buildspec = "buildspecs/check.yml" } },
    { name = "Package", build = { buildspec = "buildspecs/package.yml", privileged = true, namespace = "Package" } },
  ]
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

run "one_stage_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } }]
  }

  expect_failures = [var.stages]
}

run "first_stage_without_source_is_refused" {
  command = plan

  variables {
    stages = [{ name = "A1", build = { buildspec = "b" } }, { name = "B1", build = { buildspec = "b" } }]
  }

  expect_failures = [var.stages]
}

run "stage_of_two_kinds_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } }, { name = "B1", build = { buildspec = "b" }, approval = { message = "m" } }]
  }

  expect_failures = [var.stages]
}

run "stages_of_one_name_are_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } }, { name = "B1", build = { buildspec = "b" } }, { name = "b1", build = { buildspec = "b" } }]
  }

  expect_failures = [var.stages]
}

run "stage_name_with_space_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } }, { name = "B 1", build = { buildspec = "b" } }]
  }

  expect_failures = [var.stages]
}

run "timeout_of_37_hours_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } }, { name = "B1", build = { buildspec = "b", timeout_minutes = 2220 } }]
  }

  expect_failures = [var.stages]
}

run "parallel_mode_is_refused" {
  command = plan

  variables {
    execution_mode = "PARALLEL"
  }

  expect_failures = [var.execution_mode]
}

run "trigger_with_space_is_refused" {
  command = plan

  variables {
    triggers = { "a b" = "{}" }
  }

  expect_failures = [var.triggers]
}

run "unpinned_image_is_refused" {
  command = plan

  variables {
    build_image = "aws/codebuild/standard:7.0"
  }

  expect_failures = [var.build_image]
}

run "retention_of_100_days_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Train"
  }

  expect_failures = [var.name]
}

run "project_with_dot_is_refused" {
  command = plan

  variables {
    project = "a.b.c"
  }

  expect_failures = [var.project]
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

run "network_without_a_package_index_is_refused" {
  command = plan

  variables {
    network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], reaches_package_index = false }
  }

  expect_failures = [var.network]
}

run "network_without_subnets_is_refused" {
  command = plan

  variables {
    network = { vpc_id = "vpc-1", subnet_ids = [], security_group_ids = ["sg-1"], reaches_package_index = true }
  }

  expect_failures = [var.network]
}

run "package_index_with_capitals_is_refused" {
  command = plan

  variables {
    package_index = { domain = "Acme", repository = "pypi" }
  }

  expect_failures = [var.package_index]
}

run "second_privileged_build_is_refused" {
  command = plan

  variables {
    stages = [
      { name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } },
      { name = "Check", build = { buildspec = "buildspecs/check.yml", privileged = true } },
      { name = "Package", build = { buildspec = "buildspecs/package.yml", privileged = true } },
    ]
  }

  expect_failures = [var.stages]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}

run "address_instead_of_topic_is_refused" {
  command = plan

  variables {
    topic_arn = "ml-team@example.com"
  }

  expect_failures = [var.topic_arn]
}
