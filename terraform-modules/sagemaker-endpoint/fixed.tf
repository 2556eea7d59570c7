# A pre-trained model that never changes by training, owned by Terraform from image to endpoint. A new image or artifact
# makes a new configuration, and the endpoint moves to it. (When AWS rolls such an update back, the provider says nothing:
# hashicorp/terraform-provider-aws 46663. Models that a pipeline trains are therefore released by the pipeline.)

locals {
  fixed = var.model == null ? 0 : 1
  # A folder of files, as language models come, is read as it lies there; anything else is one model.tar.gz.
  folder = endswith(coalesce(try(var.model.model_data_url, null), "-"), "/")
  # Local disks are encrypted by hardware, and SageMaker refuses a key for them; the same families as in sagemaker-training.
  takes_volume_key = !can(regex("^ml\\.(g4dn|g5|g6e?|gr6|inf2|p3dn|p4de?|p5(e|en)?|trn1n?|[cmr][56](g|i)?dn?)\\.", try(var.instances.type, "")))
}

resource "aws_sagemaker_model" "fixed" {
  count = local.fixed

  # A model cannot be changed, so another image, artifact or network gets another name.
  name                     = "${local.name}-${substr(sha256(jsonencode([var.model, var.network, var.kind])), 0, 8)}"
  execution_role_arn       = aws_iam_role.endpoint.arn
  enable_network_isolation = var.kind != "serverless"
  tags                     = { stage = var.stage }

  primary_container {
    image          = var.model.image
    model_data_url = local.folder ? null : var.model.model_data_url
    environment    = var.model.environment

    dynamic "model_data_source" {
      for_each = local.folder ? [var.model.model_data_url] : []

      content {
        s3_data_source {
          s3_uri           = model_data_source.value
          s3_data_type     = "S3Prefix"
          compression_type = "None"
        }
      }
    }
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.endpoint]
}

resource "aws_sagemaker_endpoint_configuration" "fixed" {
  count = local.fixed

  name_prefix = "${local.name}-"
  kms_key_arn = local.takes_volume_key ? var.kms_key_arn : null
  tags        = { stage = var.stage }

  production_variants {
    variant_name           = local.variant
    model_name             = aws_sagemaker_model.fixed[0].name
    instance_type          = try(var.instances.type, null)
    initial_instance_count = try(var.instances.count, null)
    inference_ami_version  = var.model.ami

    # Gigabytes are fetched, and then loaded into a GPU, before the container answers.
    model_data_download_timeout_in_seconds            = var.model.startup_seconds
    container_startup_health_check_timeout_in_seconds = var.model.startup_seconds

    dynamic "serverless_config" {
      for_each = var.serverless == null ? [] : [var.serverless]

      content {
        memory_size_in_mb = serverless_config.value.memory_mb
        max_concurrency   = serverless_config.value.max_concurrency
      }
    }
  }

  dynamic "data_capture_config" {
    for_each = var.capture_percentage == 0 ? [] : [var.capture_percentage]

    content {
      enable_capture              = true
      initial_sampling_percentage = data_capture_config.value
      destination_s3_uri          = "s3://${var.buckets.data.name}/capture/${var.stage}"
      kms_key_id                  = var.kms_key_arn

      dynamic "capture_options" {
        for_each = ["Input", "Output"]

        content {
          capture_mode = capture_options.value
        }
      }

      capture_content_type_header {
        json_content_types = ["application/json"]
        csv_content_types  = ["text/csv"]
      }
    }
  }

  dynamic "async_inference_config" {
    for_each = var.kind == "asynchronous" ? [1] : []

    content {
      output_config {
        s3_output_path  = "${local.asynchronous_uri}/output/"
        s3_failure_path = "${local.asynchronous_uri}/failure/"
        kms_key_id      = var.kms_key_arn
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "fixed" {
  count = local.fixed

  name                 = local.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.fixed[0].name
  tags                 = { stage = var.stage }

  dynamic "deployment_config" {
    for_each = var.kind == "serverless" ? [] : [1]

    content {
      blue_green_update_policy {
        termination_wait_in_seconds          = local.blue_green.TerminationWaitInSeconds
        maximum_execution_timeout_in_seconds = local.blue_green.MaximumExecutionTimeoutInSeconds

        traffic_routing_configuration {
          type                     = local.routing.Type
          wait_interval_in_seconds = local.routing.WaitIntervalInSeconds

          dynamic "canary_size" {
            for_each = local.shift.kind == "canary" ? [local.step] : []

            content {
              type  = canary_size.value.Type
              value = canary_size.value.Value
            }
          }

          dynamic "linear_step_size" {
            for_each = local.shift.kind == "linear" ? [local.step] : []

            content {
              type  = linear_step_size.value.Type
              value = linear_step_size.value.Value
            }
          }
        }
      }

      dynamic "auto_rollback_configuration" {
        for_each = length(local.alarm_names) == 0 ? [] : [1]

        content {
          dynamic "alarms" {
            for_each = local.alarm_names

            content {
              alarm_name = alarms.value
            }
          }
        }
      }
    }
  }

  # SageMaker refuses an update whose alarms do not exist.
  depends_on = [aws_cloudwatch_metric_alarm.share, aws_cloudwatch_metric_alarm.value]
}
