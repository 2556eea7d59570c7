# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "defaults_monitor_every_hour" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "cron(20 * * * ? *)" && aws_scheduler_schedule.this.state == "ENABLED"
    error_message = "each hour must be monitored when its requests are written"
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.this.target[0].input) == { kind = "monitor", time = "<aws.scheduler.scheduled-time>" }
    error_message = "the scheduled time must make the job's name, so that a retry is a duplicate"
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 3600
    error_message = "retries must be bounded"
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn && aws_sqs_queue.failed.kms_master_key_id == var.kms_key_arn
    error_message = "environment, log and queue must be encrypted with the key"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.window : alarm.datapoints_to_alarm == 2 && alarm.evaluation_periods == 3 && alarm.period == 3600])
    error_message = "two bad windows of three must raise the alarm"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.window : alarm.treat_missing_data == "notBreaching" && alarm.alarm_actions == toset([var.topic_arn])])
    error_message = "no traffic is no drift, and an alarm must tell the owner"
  }

  assert {
    condition     = length(output.retrain_alarm_arns) == 2
    error_message = "drift and quality must be reasons to train again"
  }
}

run "spec_tells_the_function_everything" {
  command = apply

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).capture_s3_uri == "s3://data/capture/prod/credit-risk-prod/AllTraffic/"
    error_message = "the spec must name where SageMaker captures"
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).namespace == "MLOps/credit-risk" && jsondecode(aws_ssm_parameter.spec.value).subnet_ids == []
    error_message = "the spec must name the namespace and no network"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.ended.event_pattern).detail.ProcessingJobName == [{ prefix = "credit-risk-prod-monitor-" }]
    error_message = "only this stage's jobs must be published"
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 10
    error_message = "the dashboard must show the alarms and nine charts"
  }
}

run "day_is_one_window" {
  command = plan

  variables {
    window      = { hours = 24, sampling_percentage = 10 }
    bad_windows = { bad = 1, of = 1 }
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "cron(20 0 * * ? *)" && aws_cloudwatch_metric_alarm.window["drift"].period == 86400
    error_message = "a day must be monitored after midnight"
  }
}

run "six_hours_follow_each_other_from_midnight" {
  command = plan

  variables {
    window = { hours = 6 }
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "cron(20 0/6 * * ? *)"
    error_message = "windows must begin at midnight"
  }
}

run "schedule_of_ones_own_can_be_off" {
  command = plan

  variables {
    schedule = "rate(12 hours)"
    enabled  = false
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(12 hours)" && aws_scheduler_schedule.this.state == "DISABLED"
    error_message = "the schedule must be the one that was given, and off"
  }
}

run "network_is_passed_on" {
  command = apply

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).subnet_ids == ["subnet-1"]
    error_message = "jobs must run in the network"
  }

  assert {
    condition     = contains(keys(local.required_of_jobs), "DenyOutsideNetwork")
    error_message = "jobs outside the network must be denied"
  }

  assert {
    condition     = one(aws_lambda_function.this.vpc_config).subnet_ids == toset(["subnet-1"]) && length(data.aws_iam_policy_document.launcher.source_policy_documents) == 1
    error_message = "the function must run in the network, and be allowed to"
  }
}
