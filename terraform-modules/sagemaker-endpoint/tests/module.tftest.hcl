# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "one_instance_moves_all_at_once_with_alarms" {
  command = plan

  assert {
    condition     = aws_ssm_parameter.spec[0].name == "/salary-prediction/prod/endpoint"
    error_message = "the spec must be published"
  }

  assert {
    condition     = output.name == "salary-prediction-prod"
    error_message = "the endpoint must be named after project and stage"
  }

  assert {
    condition     = local.routing.Type == "ALL_AT_ONCE"
    error_message = "one instance cannot be split"
  }

  assert {
    condition     = toset(output.alarms) == toset([for reason in ["errors", "model-errors", "latency"] : "salary-prediction-prod-${reason}"])
    error_message = "alarms must roll back"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.share["errors"].treat_missing_data == "notBreaching" && aws_cloudwatch_metric_alarm.value["latency"].threshold == 5000000
    error_message = "no traffic is no error, and 5 s is too slow"
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.share["model-errors"].metric_query : query.expression if query.id == "share"] == ["IF(errors >= 3, 100 * errors / requests, 0)"]
    error_message = "a caller's bad request must not ring while there is little traffic"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "the log must be encrypted with the key"
  }
}

run "serverless_has_no_instances" {
  command = plan

  variables {
    kind       = "serverless"
    instances  = null
    serverless = { memory_mb = 2048, max_concurrency = 5 }
  }

  assert {
    condition     = output.input == null
    error_message = "requests must not go through S3"
  }
}

run "asynchronous_reads_requests_from_s3" {
  command = plan

  variables {
    kind        = "asynchronous"
    autoscaling = { min_capacity = 0, max_capacity = 2, invocations_per_instance = 5 }
  }

  assert {
    condition     = output.input.uri == "s3://data/asynchronous/prod/input/"
    error_message = "requests must be put under the stage"
  }
}

run "alarms_name_their_runbook_and_are_on_the_dashboard" {
  command = plan

  variables {
    alarms = { custom = { namespace = "MLOps/salaries", metric = "Accuracy", comparison = "LessThanThreshold", statistic = "p10", threshold = 0.7 } }
  }

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.share["model-errors"].alarm_description, "What to do: docs/runbook.md#model-errors")
    error_message = "whoever is woken must know what to do"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.value["custom"].extended_statistic == "p10" && aws_cloudwatch_metric_alarm.value["custom"].comparison_operator == "LessThanThreshold"
    error_message = "a metric of one's own must be watched as it was asked"
  }

  assert {
    condition     = contains(output.alarms, "salary-prediction-prod-custom")
    error_message = "a metric of one's own must roll back too"
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[3].properties.alarms) == 4
    error_message = "the dashboard must show every alarm"
  }
}

run "released_models_may_be_served_by_another_image" {
  command = plan

  variables {
    instances = { type = "ml.g5.2xlarge" }
    registry = {
      model_package_group    = "salary-prediction"
      image_repository_arn   = "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction"
      training_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/salary-prediction/training"
      serving                = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", ami = "al2-ami-sagemaker-inference-gpu-3-1" }
    }
  }

  assert {
    condition = local.image_repository_arns == [
      "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction",
      "arn:aws:ecr:eu-west-1:763104351884:repository/vllm",
    ]
    error_message = "the role must pull both images: a rollback may need the other one"
  }
}
