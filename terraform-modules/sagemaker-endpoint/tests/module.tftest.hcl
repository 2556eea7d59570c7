# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  project     = "salary-prediction"
  stage       = "prod"
  instances   = { type = "ml.m5.large" }
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
  topic_arn   = "arn:aws:sns:eu-west-1:123456789012:t"
  buckets = {
    data   = { name = "data", arn = "arn:aws:s3:::data" }
    models = { name = "models", arn = "arn:aws:s3:::models" }
  }
  registry = {
    model_package_group    = "salary-prediction"
    image_repository_arn   = "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction"
    training_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/salary-prediction/training"
  }
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

run "two_instances_begin_with_a_canary" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", count = 2 }
  }

  assert {
    condition     = local.routing.Type == "CANARY" && local.routing.CanarySize.Value == 10
    error_message = "an update must begin with a tenth"
  }
}

run "linear_shift_is_declared" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 4 }
    traffic_shift = { kind = "linear", percent = 25, wait_seconds = 120 }
  }

  assert {
    condition     = local.routing.LinearStepSize.Value == 25 && local.routing.WaitIntervalInSeconds == 120
    error_message = "traffic must move by quarters"
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

run "unknown_kind_is_refused" {
  command = plan

  variables {
    kind = "batch"
  }

  expect_failures = [var.kind]
}

run "stage_training_is_refused" {
  command = plan

  variables {
    stage = "training"
  }

  expect_failures = [var.stage]
}

run "serverless_with_gpu_is_refused" {
  command = plan

  variables {
    kind       = "serverless"
    instances  = { type = "ml.g5.xlarge" }
    serverless = { memory_mb = 2048, max_concurrency = 5 }
  }

  expect_failures = [var.instances]
}

run "real_time_without_instances_is_refused" {
  command = plan

  variables {
    instances = null
  }

  expect_failures = [var.instances]
}

run "ec2_instance_type_is_refused" {
  command = plan

  variables {
    instances = { type = "m5.large" }
  }

  expect_failures = [var.instances]
}

run "no_instance_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", count = 0 }
  }

  expect_failures = [var.instances]
}

run "serverless_without_memory_is_refused" {
  command = plan

  variables {
    kind      = "serverless"
    instances = null
  }

  expect_failures = [var.serverless]
}

run "memory_of_1000_mb_is_refused" {
  command = plan

  variables {
    kind       = "serverless"
    instances  = null
    serverless = { memory_mb = 1000, max_concurrency = 5 }
  }

  expect_failures = [var.serverless]
}

run "concurrency_of_300_is_refused" {
  command = plan

  variables {
    kind       = "serverless"
    instances  = null
    serverless = { memory_mb = 1024, max_concurrency = 300 }
  }

  expect_failures = [var.serverless]
}

run "serverless_in_a_network_is_refused" {
  command = plan

  variables {
    kind       = "serverless"
    instances  = null
    serverless = { memory_mb = 1024, max_concurrency = 5 }
    network    = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.network]
}

run "capture_of_asynchronous_is_refused" {
  command = plan

  variables {
    kind               = "asynchronous"
    capture_percentage = 10
  }

  expect_failures = [var.capture_percentage]
}

run "capture_of_101_percent_is_refused" {
  command = plan

  variables {
    capture_percentage = 101
  }

  expect_failures = [var.capture_percentage]
}

run "canary_on_one_instance_is_refused" {
  command = plan

  variables {
    traffic_shift = { kind = "canary" }
  }

  expect_failures = [var.traffic_shift]
}

run "canary_of_60_percent_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "canary", percent = 60 }
  }

  expect_failures = [var.traffic_shift]
}

run "unknown_shift_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "rolling" }
  }

  expect_failures = [var.traffic_shift]
}

run "wait_of_two_hours_is_refused" {
  command = plan

  variables {
    traffic_shift = { kind = "all-at-once", wait_seconds = 7200 }
  }

  expect_failures = [var.traffic_shift]
}

run "serverless_with_shift_is_refused" {
  command = plan

  variables {
    kind          = "serverless"
    instances     = null
    serverless    = { memory_mb = 1024, max_concurrency = 5 }
    traffic_shift = { kind = "all-at-once" }
  }

  expect_failures = [var.traffic_shift]
}

run "scale_to_zero_of_real_time_is_refused" {
  command = plan

  variables {
    autoscaling = { min_capacity = 0, max_capacity = 2, invocations_per_instance = 5 }
  }

  expect_failures = [var.autoscaling]
}

run "serverless_with_autoscaling_is_refused" {
  command = plan

  variables {
    kind        = "serverless"
    instances   = null
    serverless  = { memory_mb = 1024, max_concurrency = 5 }
    autoscaling = { min_capacity = 1, max_capacity = 2, invocations_per_instance = 5 }
  }

  expect_failures = [var.autoscaling]
}

run "alarm_at_0_percent_is_refused" {
  command = plan

  variables {
    alarms = { error_percent = 0 }
  }

  expect_failures = [var.alarms]
}

run "project_with_capitals_is_refused" {
  command = plan

  variables {
    project = "Salary"
  }

  expect_failures = [var.project]
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

run "without_alarms_traffic_moves_at_once" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", count = 2 }
    alarms    = null
  }

  assert {
    condition     = local.routing.Type == "ALL_AT_ONCE" && output.alarms == []
    error_message = "a canary without alarms would wait for nothing"
  }
}

run "canary_without_alarms_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "canary" }
    alarms        = null
  }

  expect_failures = [var.traffic_shift]
}

run "odd_statistic_is_refused" {
  command = plan

  variables {
    alarms = { custom = { namespace = "MLOps/salaries", metric = "Accuracy", statistic = "Median", threshold = 1 } }
  }

  expect_failures = [var.alarms]
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

run "other_image_by_no_tag_is_refused" {
  command = plan

  variables {
    registry = {
      model_package_group    = "salary-prediction"
      image_repository_arn   = "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction"
      training_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/salary-prediction/training"
      serving                = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm" }
    }
  }

  expect_failures = [var.registry]
}

run "other_image_with_two_hours_to_start_is_refused" {
  command = plan

  variables {
    registry = {
      model_package_group    = "salary-prediction"
      image_repository_arn   = "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction"
      training_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/salary-prediction/training"
      serving                = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", startup_seconds = 7200 }
    }
  }

  expect_failures = [var.registry]
}

run "fixed_model_is_served_by_terraform" {
  command = plan

  variables {
    registry           = null
    instances          = { type = "ml.g5.xlarge", count = 2 }
    capture_percentage = 10
    network            = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    model = {
      image          = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:0123456789012345678901234567890123456789012345678901234567890123"
      model_data_url = "s3://models/training/pretrained/model.tar.gz"
    }
  }

  assert {
    condition     = aws_sagemaker_model.fixed[0].enable_network_isolation && length(aws_sagemaker_model.fixed[0].vpc_config) == 1
    error_message = "the model must be isolated, inside the network"
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.fixed[0].kms_key_arn == null && aws_sagemaker_endpoint_configuration.fixed[0].data_capture_config[0].kms_key_id == var.kms_key_arn
    error_message = "g5 refuses a volume key, captures need one"
  }

  assert {
    condition     = aws_sagemaker_endpoint.fixed[0].deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].type == "CANARY" && length(aws_sagemaker_endpoint.fixed[0].deployment_config[0].auto_rollback_configuration[0].alarms) == 3
    error_message = "an update must begin with a canary and roll back by alarms"
  }

  assert {
    condition     = local.image_repository_arns == ["arn:aws:ecr:eu-west-1:763104351884:repository/inference"]
    error_message = "the role must pull this image only"
  }

  assert {
    condition     = length(aws_ssm_parameter.spec) == 0 && output.deploy_policy == null
    error_message = "no pipeline may release here"
  }

  assert {
    condition     = length(aws_appautoscaling_target.fixed) == 0
    error_message = "the number of instances must stay what it is"
  }
}

run "fixed_model_of_a_folder_is_read_as_it_lies" {
  command = plan

  variables {
    registry  = null
    instances = { type = "ml.g5.2xlarge" }
    model = {
      image           = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1"
      model_data_url  = "s3://models/weights/own/"
      startup_seconds = 900
      ami             = "al2-ami-sagemaker-inference-gpu-3-1"
    }
  }

  assert {
    condition     = aws_sagemaker_model.fixed[0].primary_container[0].model_data_source[0].s3_data_source[0].compression_type == "None" && aws_sagemaker_model.fixed[0].primary_container[0].model_data_url == null
    error_message = "nothing is to be unpacked"
  }

  assert {
    condition     = alltrue([for limit in ["model_data_download_timeout_in_seconds", "container_startup_health_check_timeout_in_seconds"] : aws_sagemaker_endpoint_configuration.fixed[0].production_variants[0][limit] == 900])
    error_message = "loading must have its time"
  }

  assert {
    condition     = local.model_key == "weights/own/*"
    error_message = "the role must read this folder only"
  }
}

run "fixed_model_scales_with_its_traffic" {
  command = plan

  variables {
    registry    = null
    instances   = { type = "ml.g5.xlarge", count = 2 }
    autoscaling = { min_capacity = 2, max_capacity = 4, invocations_per_instance = 500 }
    model       = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:0123456789012345678901234567890123456789012345678901234567890123" }
  }

  assert {
    condition     = aws_appautoscaling_target.fixed[0].resource_id == "endpoint/salary-prediction-prod/variant/AllTraffic" && aws_appautoscaling_target.fixed[0].max_capacity == 4
    error_message = "the endpoint's only variant must scale, up to four instances"
  }

  assert {
    condition     = one(aws_appautoscaling_policy.traffic[0].target_tracking_scaling_policy_configuration[0].predefined_metric_specification).predefined_metric_type == "SageMakerVariantInvocationsPerInstance"
    error_message = "requests per instance must decide"
  }

  assert {
    condition     = length(aws_appautoscaling_policy.wake) == 0
    error_message = "what never sleeps needs nothing to wake it"
  }
}

run "fixed_asynchronous_model_wakes_from_zero" {
  command = plan

  variables {
    registry    = null
    kind        = "asynchronous"
    instances   = { type = "ml.g5.xlarge" }
    autoscaling = { min_capacity = 0, max_capacity = 2, invocations_per_instance = 5 }
    model       = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:0123456789012345678901234567890123456789012345678901234567890123" }
  }

  assert {
    condition     = one(aws_appautoscaling_policy.traffic[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification).metric_name == "ApproximateBacklogSizePerInstance"
    error_message = "waiting requests per instance must decide"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.wake[0].metric_name == "HasBacklogWithoutCapacity" && length(aws_appautoscaling_policy.wake) == 1
    error_message = "the first request must start an instance"
  }
}

run "fixed_model_by_tag_is_refused" {
  command = plan

  variables {
    registry = null
    model    = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/inference:latest" }
  }

  expect_failures = [var.model]
}

run "fixed_model_of_another_bucket_is_refused" {
  command = plan

  variables {
    registry = null
    model    = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", model_data_url = "s3://others/own/" }
  }

  expect_failures = [var.model]
}

run "fixed_model_with_two_hours_to_start_is_refused" {
  command = plan

  variables {
    registry = null
    model    = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", startup_seconds = 7200 }
  }

  expect_failures = [var.model]
}

run "fixed_serverless_model_of_a_folder_is_refused" {
  command = plan

  variables {
    registry   = null
    kind       = "serverless"
    instances  = null
    serverless = { memory_mb = 2048, max_concurrency = 5 }
    model      = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", model_data_url = "s3://models/weights/own/" }
  }

  expect_failures = [var.model]
}

run "fixed_and_released_model_is_refused" {
  command = plan

  variables {
    model = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:0123456789012345678901234567890123456789012345678901234567890123" }
  }

  expect_failures = [var.registry]
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
