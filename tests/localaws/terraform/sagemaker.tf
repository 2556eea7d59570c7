resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = "every-kind"
  model_package_group_description = "Everything"
  tags                            = local.tags
}

resource "aws_sagemaker_model_package_group_policy" "this" {
  model_package_group_name = aws_sagemaker_model_package_group.this.model_package_group_name

  resource_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Generation${var.generation}"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = ["sagemaker:DescribeModelPackage"]
      Resource  = [aws_sagemaker_model_package_group.this.arn]
    }]
  })
}

resource "aws_sagemaker_model" "this" {
  name                     = "every-kind"
  execution_role_arn       = aws_iam_role.this.arn
  enable_network_isolation = true
  tags                     = local.tags

  primary_container {
    image          = var.image
    model_data_url = var.model_data_url
    environment    = { LOG_LEVEL = "INFO" }
  }

  vpc_config {
    subnets            = aws_subnet.this[*].id
    security_group_ids = [aws_security_group.this.id]
  }
}

resource "aws_sagemaker_model" "serverless" {
  name               = "every-kind-serverless"
  execution_role_arn = aws_iam_role.this.arn

  primary_container {
    image          = var.image
    model_data_url = var.model_data_url
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name_prefix = "every-kind-"
  kms_key_arn = aws_kms_key.this.arn
  tags        = local.tags

  production_variants {
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.m5.large"
    initial_instance_count = var.generation
  }

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 50
    destination_s3_uri          = "s3://${aws_s3_bucket.this.id}/capture"

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }

    capture_content_type_header {
      json_content_types = ["application/json"]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "serverless" {
  name = "every-kind-serverless"

  production_variants {
    variant_name = "AllTraffic"
    model_name   = aws_sagemaker_model.serverless.name

    serverless_config {
      memory_size_in_mb = 2048
      max_concurrency   = 5
    }
  }
}

resource "aws_sagemaker_endpoint_configuration" "asynchronous" {
  name = "every-kind-asynchronous"

  production_variants {
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.g5.2xlarge"
    initial_instance_count = 1
  }

  async_inference_config {
    output_config {
      s3_output_path  = "s3://${aws_s3_bucket.this.id}/output"
      s3_failure_path = "s3://${aws_s3_bucket.this.id}/failure"
    }

    client_config {
      max_concurrent_invocations_per_instance = 4
    }
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = "every-kind"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name
  tags                 = local.tags

  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 10

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 50
        }
      }
    }

    auto_rollback_configuration {
      alarms {
        alarm_name = aws_cloudwatch_metric_alarm.this.alarm_name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "every-kind-errors"
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = var.generation
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"

  dimensions = {
    EndpointName = "every-kind"
    VariantName  = "AllTraffic"
  }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/AllTraffic"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = 1
  max_capacity       = 2 * var.generation
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "this" {
  name               = "load"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = 100 * var.generation

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

resource "aws_sagemaker_notebook_instance" "this" {
  name                    = "every-kind"
  role_arn                = aws_iam_role.this.arn
  instance_type           = var.generation == 1 ? "ml.g5.2xlarge" : "ml.g5.4xlarge"
  lifecycle_config_name   = aws_sagemaker_notebook_instance_lifecycle_configuration.this.name
  default_code_repository = aws_sagemaker_code_repository.this.code_repository_name
  volume_size             = 20
  root_access             = "Disabled"
  direct_internet_access  = "Disabled"
  subnet_id               = aws_subnet.this[0].id
  security_groups         = [aws_security_group.this.id]
  tags                    = local.tags
}

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "this" {
  name     = "every-kind"
  on_start = base64encode("echo ${var.generation}")
}

resource "aws_sagemaker_code_repository" "this" {
  code_repository_name = "every-kind"
  tags                 = local.tags

  git_config {
    repository_url = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/every-kind"
  }
}
