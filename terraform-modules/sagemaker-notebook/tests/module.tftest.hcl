# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction-notebook"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
  network     = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
}

run "defaults_are_closed_and_stop_themselves" {
  command = plan

  assert {
    condition     = aws_sagemaker_notebook_instance.this.direct_internet_access == "Disabled" && aws_sagemaker_notebook_instance.this.root_access == "Disabled"
    error_message = "there must be neither direct internet nor root"
  }

  assert {
    condition     = aws_sagemaker_notebook_instance.this.instance_metadata_service_configuration[0].minimum_instance_metadata_service_version == "2"
    error_message = "IMDSv2 must be required"
  }

  assert {
    condition     = aws_sagemaker_notebook_instance.this.kms_key_id == var.kms_key_arn && aws_sagemaker_notebook_instance.this.subnet_id == "subnet-1"
    error_message = "the volume must be encrypted and the instance inside the network"
  }

  assert {
    condition     = aws_sagemaker_notebook_instance.this.platform_identifier == "notebook-al2-v3"
    error_message = "the platform must be a supported one"
  }

  assert {
    condition     = strcontains(base64decode(aws_sagemaker_notebook_instance_lifecycle_configuration.this.on_start), "/usr/local/bin/stop_when_idle.py 60 ")
    error_message = "an idle hour must stop the instance"
  }

  assert {
    condition     = length(aws_sagemaker_notebook_instance_lifecycle_configuration.this.on_start) <= 16384
    error_message = "SageMaker takes no longer script"
  }

  assert {
    condition     = aws_scheduler_schedule.evening.schedule_expression == "cron(0 20 * * ? *)" && jsondecode(aws_scheduler_schedule.evening.target[0].input).NotebookInstanceName == var.name
    error_message = "the evening must stop this instance"
  }

  assert {
    condition     = aws_scheduler_schedule.evening.target[0].arn == "arn:aws:scheduler:::aws-sdk:sagemaker:stopNotebookInstance"
    error_message = "Scheduler must call SageMaker itself"
  }

  assert {
    condition     = aws_scheduler_schedule.evening.target[0].retry_policy[0].maximum_retry_attempts == 5 && length(aws_scheduler_schedule.evening.target[0].dead_letter_config) == 1
    error_message = "retries must be bounded, and what fails must be kept"
  }

  assert {
    condition     = flatten(data.aws_iam_policy_document.evening.statement[0].resources) == ["arn:aws:sagemaker:eu-west-1:123456789012:notebook-instance/salary-prediction-notebook"]
    error_message = "the schedule may stop this instance only"
  }
}

run "policy_and_hours_are_taken" {
  command = plan

  variables {
    policy        = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    instance_type = "ml.g5.2xlarge"
    idle_minutes  = 120
    evening       = { schedule = "cron(30 18 ? * MON-FRI *)", timezone = "Europe/Berlin" }
  }

  assert {
    condition     = data.aws_iam_policy_document.this.source_policy_documents == tolist([var.policy])
    error_message = "the policy must be part of the role's"
  }

  assert {
    condition     = aws_scheduler_schedule.evening.schedule_expression_timezone == "Europe/Berlin"
    error_message = "the evening must be the one of the time zone"
  }
}

run "notebook_without_a_network_is_refused" {
  command = plan

  variables {
    network = { subnet_ids = [], security_group_ids = [] }
  }

  expect_failures = [var.network]
}

run "old_platform_is_refused" {
  command = plan

  variables {
    platform = "notebook-al1-v1"
  }

  expect_failures = [var.platform]
}

run "second_platform_version_is_refused" {
  command = plan

  variables {
    platform = "notebook-al2-v2"
  }

  expect_failures = [var.platform]
}

run "endless_idling_is_refused" {
  command = plan

  variables {
    idle_minutes = 0
  }

  expect_failures = [var.idle_minutes]
}

run "ec2_instance_type_is_refused" {
  command = plan

  variables {
    instance_type = "t3.medium"
  }

  expect_failures = [var.instance_type]
}

run "tiny_volume_is_refused" {
  command = plan

  variables {
    volume_size_gb = 4
  }

  expect_failures = [var.volume_size_gb]
}

run "rate_as_evening_is_refused" {
  command = plan

  variables {
    evening = { schedule = "rate(1 day)" }
  }

  expect_failures = [var.evening]
}

run "policy_that_is_none_is_refused" {
  command = plan

  variables {
    policy = "everything"
  }

  expect_failures = [var.policy]
}

run "long_name_is_refused" {
  command = plan

  variables {
    name = "a-name-of-a-notebook-that-is-longer-than-its-schedule-allows-it"
  }

  expect_failures = [var.name]
}

run "repository_is_opened" {
  command = plan

  variables {
    code_repository = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/salary-prediction"
  }

  assert {
    condition     = aws_sagemaker_notebook_instance.this.default_code_repository == var.code_repository
    error_message = "JupyterLab must open the repository"
  }
}

run "repository_by_ssh_is_refused" {
  command = plan

  variables {
    code_repository = "git@github.com:example-org/salary-prediction.git"
  }

  expect_failures = [var.code_repository]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
