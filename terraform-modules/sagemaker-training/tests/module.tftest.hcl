# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "defaults_are_isolated_and_on_demand" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "images must be immutable and scanned"
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == var.kms_key_arn
    error_message = "images must be encrypted with the key"
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].selection.tagStatus == "untagged"
    error_message = "images of releases must be kept"
  }

  assert {
    condition     = aws_sagemaker_model_package_group.this.model_package_group_name == "salary-prediction"
    error_message = "the group must be named after the project"
  }

  assert {
    condition     = aws_ssm_parameter.spec.name == "/salary-prediction/training" && aws_ssm_parameter.spec.tier == "Intelligent-Tiering"
    error_message = "the spec must be published"
  }

  assert {
    condition     = toset(keys(local.unsafe_jobs)) == toset(["DenyNetworkAccess", "DenyPlainTraffic", "DenyPlainOutput", "DenyPlainVolumes"])
    error_message = "unsafe jobs must be denied"
  }

  assert {
    condition     = !aws_ecr_repository.this.force_delete
    error_message = "images must not be destroyed unasked"
  }
}

run "preprocessing_is_off_unless_asked_for" {
  command = plan

  assert {
    condition     = length(aws_iam_role.preprocessing) == 0 && length(aws_iam_role_policy.preprocessing) == 0
    error_message = "no job may read raw files or write deliveries"
  }
}

run "preprocessing_is_published" {
  command = apply

  variables {
    preprocessing = { instance_type = "ml.m5.2xlarge", instance_count = 4, volume_size_gb = 500, max_runtime_seconds = 86400 }
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).preprocessing == { instance_type = "ml.m5.2xlarge", instance_count = 4, volume_size_gb = 500, max_runtime_seconds = 86400, role_arn = aws_iam_role.preprocessing[0].arn }
    error_message = "the pipeline must read which machines there are, and their role"
  }

  assert {
    condition     = aws_iam_role.preprocessing[0].name == "salary-prediction-preprocessing" && aws_iam_role_policy.preprocessing[0].role == aws_iam_role.preprocessing[0].id
    error_message = "jobs must have a role of their own, which training does not"
  }
}

run "network_becomes_a_duty" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = contains(keys(local.unsafe_jobs), "DenyOutsideNetwork")
    error_message = "jobs outside the VPC must be denied"
  }
}

run "spot_may_wait" {
  command = apply

  variables {
    spot           = { max_wait_seconds = 28800 }
    instance_types = ["ml.g5.2xlarge", "ml.g4dn.2xlarge"]
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).use_spot && jsondecode(aws_ssm_parameter.spec.value).max_wait_seconds == 28800
    error_message = "the pipeline must read that it may wait for spare instances, and for how long"
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).instance_types == ["ml.g5.2xlarge", "ml.g4dn.2xlarge"]
    error_message = "fallbacks must keep their order"
  }
}

run "data_is_copied_whole_by_default" {
  command = apply

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).input_mode == "File" && jsondecode(aws_ssm_parameter.spec.value).data_distribution == "FullyReplicated"
    error_message = "one instance that copies all data is the default"
  }
}

run "streamed_shards_are_published" {
  command = apply

  variables {
    instance_count    = 4
    input_mode        = "FastFile"
    data_distribution = "ShardedByS3Key"
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).input_mode == "FastFile" && jsondecode(aws_ssm_parameter.spec.value).data_distribution == "ShardedByS3Key"
    error_message = "the pipeline must read how data comes to the instances"
  }
}

run "another_image_may_serve" {
  command = apply

  variables {
    release = {
      stages   = ["prod"]
      pipeline = "salary-prediction-release"
      approval = "manual"
      serving  = { image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1", environment = { SM_VLLM_MAX_MODEL_LEN = "4096" } }
    }
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).serving.environment.SM_VLLM_MAX_MODEL_LEN == "4096"
    error_message = "packages must name the image with its environment"
  }
}

run "warm_pool_is_published" {
  command = apply

  variables {
    warm_pool_seconds = 1800
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.spec.value).warm_pool_seconds == 1800 && jsondecode(aws_ssm_parameter.spec.value).tags == { project = "mock" }
    error_message = "the spec must say how long instances are kept, and what jobs are tagged with"
  }
}

run "volume_key_is_asked_only_of_types_that_take_one" {
  command = plan

  assert {
    condition     = local.unsafe_jobs["DenyPlainVolumes"][0].key == "sagemaker:VolumeKmsKey" && contains(local.unsafe_jobs["DenyPlainVolumes"][1].values, "ml.g5.*")
    error_message = "g5 refuses a volume key, so none may be asked of it"
  }
}
