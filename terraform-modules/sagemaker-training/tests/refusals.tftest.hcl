# What the module refuses, and in which sentence.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "preprocessing_on_an_ec2_type_is_refused" {
  command = plan

  variables {
    preprocessing = { instance_type = "m5.2xlarge", instance_count = 1, volume_size_gb = 500, max_runtime_seconds = 86400 }
  }

  expect_failures = [var.preprocessing]
}

run "preprocessing_without_a_volume_is_refused" {
  command = plan

  variables {
    preprocessing = { instance_type = "ml.m5.2xlarge", instance_count = 1, volume_size_gb = 0, max_runtime_seconds = 86400 }
  }

  expect_failures = [var.preprocessing]
}

run "no_instance_type_is_refused" {
  command = plan

  variables {
    instance_types = []
  }

  expect_failures = [var.instance_types]
}

run "ec2_instance_type_is_refused" {
  command = plan

  variables {
    instance_types = ["g5.2xlarge"]
  }

  expect_failures = [var.instance_types]
}

run "no_instance_is_refused" {
  command = plan

  variables {
    instance_count = 0
  }

  expect_failures = [var.instance_count]
}

run "negative_count_is_refused" {
  command = plan

  variables {
    instance_count = -1
  }

  expect_failures = [var.instance_count]
}

run "pipe_mode_is_refused" {
  command = plan

  variables {
    input_mode = "Pipe"
  }

  expect_failures = [var.input_mode]
}

run "unknown_distribution_is_refused" {
  command = plan

  variables {
    data_distribution = "Sharded"
  }

  expect_failures = [var.data_distribution]
}

run "six_days_are_refused" {
  command = plan

  variables {
    max_runtime_seconds = 518400
  }

  expect_failures = [var.max_runtime_seconds]
}

run "spot_wait_below_the_runtime_is_refused" {
  command = plan

  variables {
    spot = { max_wait_seconds = 3600 }
  }

  expect_failures = [var.spot]
}

run "volume_of_0_gb_is_refused" {
  command = plan

  variables {
    volume_size_gb = 0
  }

  expect_failures = [var.volume_size_gb]
}

run "network_without_subnet_is_refused" {
  command = plan

  variables {
    network = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.network]
}

run "unknown_approval_is_refused" {
  command = plan

  variables {
    release = { stages = ["prod"], pipeline = "p", approval = "none" }
  }

  expect_failures = [var.release]
}

run "project_with_capitals_is_refused" {
  command = plan

  variables {
    project = "Salary"
  }

  expect_failures = [var.project]
}

run "warm_pool_of_spot_instances_is_refused" {
  command = plan

  variables {
    warm_pool_seconds = 1800
    spot              = { max_wait_seconds = 28800 }
  }

  expect_failures = [var.warm_pool_seconds]
}

run "negative_warm_pool_is_refused" {
  command = plan

  variables {
    warm_pool_seconds = -1
  }

  expect_failures = [var.warm_pool_seconds]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
