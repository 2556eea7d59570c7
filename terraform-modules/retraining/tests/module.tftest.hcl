# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  project     = "salary-prediction"
  package     = "examples/complete/retrain.zip"
  pipeline    = { name = "salary-prediction-train", longest_minutes = 600 }
  data_bucket = { name = "data", arn = "arn:aws:s3:::data" }
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
  topic_arn   = "arn:aws:sns:eu-west-1:123456789012:topic"
}

run "defaults_are_encrypted_bounded_and_listen_to_manifests" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key_arn && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "the table must be encrypted with the key and recoverable"
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.failed] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "both queues must be encrypted with the key"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["data"].event_pattern).detail.object.key[0].wildcard == "raw/*_SUCCESS"
    error_message = "only manifests may wake the gatekeeper"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_event_rule.this)) == toset(["data", "ended"]) && toset(keys(aws_scheduler_schedule.this)) == toset(["tick"])
    error_message = "without alarms and schedule only data, ends and the tick count"
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.RUN_LIMIT_SECONDS == "36000" && aws_lambda_function.this.environment[0].variables.DAILY_CAP == "4"
    error_message = "the function must know its limits"
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds >= 6 * aws_lambda_function.this.timeout
    error_message = "a message must stay hidden for six timeouts, else it is delivered while it is handled"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.queue.scaling_config[0].maximum_concurrency == 2
    error_message = "few may run at the same time"
  }
}

run "quiet_period_schedule_and_alarms_are_heard" {
  command = plan

  variables {
    arrival    = { kind = "quiet-period", quiet_minutes = 30 }
    schedule   = { expression = "cron(0 6 ? * MON *)", time_zone = "Europe/Madrid" }
    alarm_arns = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift"]
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["data"].event_pattern).detail.object.key[0].prefix == "raw/"
    error_message = "every object must wake the gatekeeper"
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.QUIET_SECONDS == "1800"
    error_message = "the function must know the quiet period"
  }

  assert {
    condition     = aws_scheduler_schedule.this["schedule"].schedule_expression_timezone == "Europe/Madrid"
    error_message = "the schedule is meant in its time zone"
  }

  assert {
    condition     = aws_scheduler_schedule.this["schedule"].target[0].input == "{\"id\":\"<aws.scheduler.execution-id>\",\"reason\":\"schedule\"}"
    error_message = "each firing needs an identity, which Scheduler fills in"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["alarm"].event_pattern).resources[0] == var.alarm_arns[0]
    error_message = "only the given alarms may start a training"
  }
}

run "unknown_arrival_is_refused" {
  command = plan

  variables {
    arrival = { kind = "whenever" }
  }

  expect_failures = [var.arrival]
}

run "quiet_period_of_a_week_is_refused" {
  command = plan

  variables {
    arrival = { kind = "quiet-period", quiet_minutes = 10080 }
  }

  expect_failures = [var.arrival]
}

run "crontab_line_is_refused" {
  command = plan

  variables {
    schedule = { expression = "0 6 * * 1" }
  }

  expect_failures = [var.schedule]
}

run "negative_cool_down_is_refused" {
  command = plan

  variables {
    cool_down_minutes = -1
  }

  expect_failures = [var.cool_down_minutes]
}

run "cap_of_half_a_training_is_refused" {
  command = plan

  variables {
    daily_cap = 0.5
  }

  expect_failures = [var.daily_cap]
}

run "lock_of_a_minute_is_refused" {
  command = plan

  variables {
    pipeline = { name = "p", longest_minutes = 1 }
  }

  expect_failures = [var.pipeline]
}

run "missing_package_is_refused" {
  command = plan

  variables {
    package = "missing.zip"
  }

  expect_failures = [var.package]
}

run "long_project_is_refused" {
  command = plan

  variables {
    project = "a-project-with-too-long-a-name"
  }

  expect_failures = [var.project]
}

run "retention_of_100_days_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "gatekeeper_can_run_inside_a_network" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = one(aws_lambda_function.this.vpc_config).security_group_ids == toset(["sg-1"]) && length(data.aws_iam_policy_document.function.source_policy_documents) == 1
    error_message = "the function must run in the network, and be allowed to"
  }
}

run "network_without_subnets_is_refused" {
  command = plan

  variables {
    network = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.network]
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

run "stage_in_capitals_is_refused" {
  command = plan

  variables {
    live_stage = "PROD"
  }

  expect_failures = [var.live_stage]
}

run "alarm_by_name_is_refused" {
  command = plan

  variables {
    alarm_arns = ["salary-drift"]
  }

  expect_failures = [var.alarm_arns]
}
