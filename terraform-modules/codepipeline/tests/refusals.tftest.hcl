# What the module refuses, and in which sentence.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
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
