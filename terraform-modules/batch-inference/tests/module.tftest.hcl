# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  project         = "credit-risk"
  stage           = "prod"
  model_role_name = "credit-risk-prod-endpoint"
  data_bucket     = { name = "data", arn = "arn:aws:s3:::data" }
  kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/0"
  topic_arn       = "arn:aws:sns:eu-west-1:123456789012:credit-risk-notifications"

  launcher = {
    name               = "credit-risk-prod-launch"
    arn                = "arn:aws:lambda:eu-west-1:123456789012:function:credit-risk-prod-launch"
    role_name          = "credit-risk-prod-launch-function"
    scheduler_role_arn = "arn:aws:iam::123456789012:role/credit-risk-prod-launch-scheduler"
    dead_letter_arn    = "arn:aws:sqs:eu-west-1:123456789012:credit-risk-prod-launch-failed"
  }
}

run "nothing_starts_by_itself_unless_asked" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.this) == 0 && keys(aws_cloudwatch_event_rule.this) == ["ended"]
    error_message = "without schedule and arrival only a person starts a job"
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).input_s3_uri == "s3://data/batch/prod/input/"
    error_message = "the spec must name the input"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["ended"].event_pattern).detail.TransformJobName == [{ prefix = "credit-risk-prod-batch-" }]
    error_message = "only this stage's jobs must be published"
  }

  assert {
    condition     = aws_iam_role_policy.launcher.role == "credit-risk-prod-launch-function" && aws_iam_role_policy.model.role == "credit-risk-prod-endpoint"
    error_message = "function and model must be allowed what they do"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.failed.alarm_actions == toset([var.topic_arn])
    error_message = "a failed job must be told"
  }
}

run "schedule_names_its_time" {
  command = plan

  variables {
    schedule = { expression = "cron(0 2 * * ? *)", time_zone = "Europe/Madrid" }
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.this[0].target[0].input) == { kind = "batch", time = "<aws.scheduler.scheduled-time>" }
    error_message = "the scheduled time must make the job's name, so that a retry is a duplicate"
  }

  assert {
    condition     = aws_scheduler_schedule.this[0].schedule_expression_timezone == "Europe/Madrid" && aws_scheduler_schedule.this[0].kms_key_arn == var.kms_key_arn
    error_message = "time zone and key must be those that were given"
  }
}

run "arrival_starts_a_job" {
  command = plan

  variables {
    on_arrival = true
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["arrived"].event_pattern).detail.object.key == [{ prefix = "batch/prod/input/" }]
    error_message = "files under the input prefix must start a job"
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.this : target.retry_policy[0].maximum_event_age_in_seconds == 3600])
    error_message = "retries must be bounded"
  }
}

run "schedule_in_words_is_refused" {
  command = plan

  variables {
    schedule = { expression = "every night" }
  }

  expect_failures = [var.schedule]
}

run "machine_without_ml_is_refused" {
  command = plan

  variables {
    machines = { instance_type = "m5.large" }
  }

  expect_failures = [var.machines]
}

run "no_instance_is_refused" {
  command = plan

  variables {
    machines = { instance_count = 0 }
  }

  expect_failures = [var.machines]
}

run "parquet_is_refused" {
  command = plan

  variables {
    files = { content_type = "parquet" }
  }

  expect_failures = [var.files]
}

run "answers_without_a_media_type_are_refused" {
  command = plan

  variables {
    files = { accept = "parquet" }
  }

  expect_failures = [var.files]
}

run "file_larger_than_a_request_is_refused" {
  command = plan

  variables {
    files = { max_mb = 101, concurrent = 1 }
  }

  expect_failures = [var.files]
}

run "too_much_at_a_time_is_refused" {
  command = plan

  variables {
    files = { max_mb = 20, concurrent = 6 }
  }

  expect_failures = [var.files]
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

run "arn_instead_of_role_name_is_refused" {
  command = plan

  variables {
    model_role_name = "arn:aws:iam::123456789012:role/mine"
  }

  expect_failures = [var.model_role_name]
}
