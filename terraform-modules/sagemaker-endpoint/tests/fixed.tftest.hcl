# A fixed model, which Terraform serves by itself.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
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
