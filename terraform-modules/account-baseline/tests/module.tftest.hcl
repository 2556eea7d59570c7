# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "defaults_keep_states_and_logs" {
  command = plan

  assert {
    condition     = output.log_groups == ["/aws/sagemaker/NotebookInstances", "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/TransformJobs"]
    error_message = "every kind of job must have its log group"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.jobs : group.retention_in_days == 365])
    error_message = "logs must be kept for a year"
  }

  assert {
    condition     = toset(keys(aws_iam_service_linked_role.this)) == toset(["sagemaker.application-autoscaling.amazonaws.com"])
    error_message = "endpoints must be able to scale"
  }

  assert {
    condition     = length(aws_ce_anomaly_monitor.this) + length(aws_ce_cost_allocation_tag.this) == 0
    error_message = "nothing of the bill may be touched unasked"
  }
}

run "bill_is_watched_and_split" {
  command = plan

  variables {
    cost_allocation_tags = ["project", "owner"]
    anomalies            = { email = "finance@example.com", usd = 50 }
  }

  assert {
    condition     = alltrue([for tag in aws_ce_cost_allocation_tag.this : tag.status == "Active"]) && length(aws_ce_cost_allocation_tag.this) == 2
    error_message = "tags must be activated"
  }

  assert {
    condition     = aws_ce_anomaly_subscription.this[0].threshold_expression[0].dimension[0].values == toset(["50"])
    error_message = "small anomalies must be left out"
  }
}

run "odd_retention_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "short_service_name_is_refused" {
  command = plan

  variables {
    service_linked_roles = ["sagemaker"]
  }

  expect_failures = [var.service_linked_roles]
}

run "tag_with_a_space_is_refused" {
  command = plan

  variables {
    cost_allocation_tags = ["cost centre"]
  }

  expect_failures = [var.cost_allocation_tags]
}

run "free_anomalies_are_refused" {
  command = plan

  variables {
    anomalies = { email = "finance@example.com", usd = 0 }
  }

  expect_failures = [var.anomalies]
}

run "name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "MLOps"
  }

  expect_failures = [var.name]
}
