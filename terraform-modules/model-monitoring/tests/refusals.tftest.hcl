# What the module refuses, and in which sentence.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "network_without_groups_is_refused" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }

  expect_failures = [var.network]
}

run "eight_hours_are_refused" {
  command = plan

  variables {
    window = { hours = 8 }
  }

  expect_failures = [var.window]
}

run "no_sampling_is_refused" {
  command = plan

  variables {
    window = { sampling_percentage = 0 }
  }

  expect_failures = [var.window]
}

run "half_a_day_of_history_is_refused" {
  command = plan

  variables {
    window = { history_days = 0.5 }
  }

  expect_failures = [var.window]
}

run "more_bad_windows_than_windows_are_refused" {
  command = plan

  variables {
    bad_windows = { bad = 4, of = 3 }
  }

  expect_failures = [var.bad_windows]
}

run "more_than_a_week_is_refused" {
  command = plan

  variables {
    window      = { hours = 24 }
    bad_windows = { bad = 2, of = 8 }
  }

  expect_failures = [var.bad_windows]
}

run "schedule_in_words_is_refused" {
  command = plan

  variables {
    schedule = "every hour"
  }

  expect_failures = [var.schedule]
}

run "machine_without_ml_is_refused" {
  command = plan

  variables {
    machine = { instance_type = "m5.large" }
  }

  expect_failures = [var.machine]
}

run "no_volume_is_refused" {
  command = plan

  variables {
    machine = { volume_size_gb = 0 }
  }

  expect_failures = [var.machine]
}

run "run_of_a_second_is_refused" {
  command = plan

  variables {
    machine = { max_runtime_seconds = 1 }
  }

  expect_failures = [var.machine]
}

run "long_project_is_refused" {
  command = plan

  variables {
    project = "a-project-with-a-long-name"
  }

  expect_failures = [var.project]
}

run "stage_in_capitals_is_refused" {
  command = plan

  variables {
    stage = "PROD"
  }

  expect_failures = [var.stage]
}

run "missing_package_is_refused" {
  command = plan

  variables {
    package = "missing.zip"
  }

  expect_failures = [var.package]
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

run "endpoint_with_underscore_is_refused" {
  command = plan

  variables {
    endpoint_name = "salary_prediction"
  }

  expect_failures = [var.endpoint_name]
}
