# What the module refuses, and in which sentence.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
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

run "odd_statistic_is_refused" {
  command = plan

  variables {
    alarms = { custom = { namespace = "MLOps/salaries", metric = "Accuracy", statistic = "Median", threshold = 1 } }
  }

  expect_failures = [var.alarms]
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
