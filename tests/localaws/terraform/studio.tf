# What SageMaker only keeps here: Studio, the feature store, its own pipelines and monitors.

resource "aws_sagemaker_domain" "this" {
  domain_name = "every-kind"
  auth_mode   = "IAM"
  vpc_id      = aws_vpc.this.id
  subnet_ids  = aws_subnet.this[*].id
  tags        = local.tags

  default_user_settings {
    execution_role  = aws_iam_role.this.arn
    security_groups = ["sg-${var.generation}"]
  }
}

resource "aws_sagemaker_user_profile" "this" {
  domain_id         = aws_sagemaker_domain.this.id
  user_profile_name = "every-kind"
  tags              = local.tags

  user_settings {
    execution_role  = aws_iam_role.this.arn
    security_groups = ["sg-${var.generation}"]
  }
}

resource "aws_sagemaker_space" "this" {
  domain_id          = aws_sagemaker_domain.this.id
  space_name         = "every-kind"
  space_display_name = "Generation ${var.generation}"
  tags               = local.tags
}

resource "aws_sagemaker_app" "this" {
  domain_id         = aws_sagemaker_domain.this.id
  user_profile_name = aws_sagemaker_user_profile.this.user_profile_name
  app_name          = "every-kind"
  app_type          = "JupyterServer"
  tags              = local.tags
}

resource "aws_sagemaker_studio_lifecycle_config" "this" {
  studio_lifecycle_config_name     = "every-kind"
  studio_lifecycle_config_app_type = "JupyterLab"
  studio_lifecycle_config_content  = base64encode("echo every kind")
  tags                             = local.tags
}

resource "aws_sagemaker_app_image_config" "this" {
  app_image_config_name = "every-kind"
  tags                  = local.tags

  kernel_gateway_image_config {
    kernel_spec {
      name = "python${var.generation}"
    }
  }
}

resource "aws_sagemaker_feature_group" "this" {
  feature_group_name             = "every-kind"
  record_identifier_feature_name = "id"
  event_time_feature_name        = "at"
  role_arn                       = aws_iam_role.this.arn
  tags                           = local.tags

  feature_definition {
    feature_name = "id"
    feature_type = "String"
  }

  feature_definition {
    feature_name = "at"
    feature_type = "String"
  }

  online_store_config {
    enable_online_store = true
  }

  offline_store_config {
    disable_glue_table_creation = true

    s3_storage_config {
      s3_uri = "s3://${aws_s3_bucket.this.id}/features"
    }
  }
}

resource "aws_sagemaker_pipeline" "this" {
  pipeline_name         = "every-kind"
  pipeline_display_name = "every-kind-${var.generation}"
  role_arn              = aws_iam_role.this.arn
  tags                  = local.tags

  pipeline_definition = jsonencode({
    Version = "2020-12-01"
    Steps   = [{ Name = "Stop", Type = "Fail", Arguments = { ErrorMessage = "generation ${var.generation}" } }]
  })
}

resource "aws_sagemaker_data_quality_job_definition" "this" {
  name     = "every-kind"
  role_arn = aws_iam_role.this.arn
  tags     = local.tags

  data_quality_app_specification {
    image_uri = var.image
  }

  data_quality_job_input {
    endpoint_input {
      endpoint_name = aws_sagemaker_endpoint.this.name
    }
  }

  data_quality_job_output_config {
    monitoring_outputs {
      s3_output {
        s3_uri = "s3://${aws_s3_bucket.this.id}/quality"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_count    = 1
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }
}

resource "aws_sagemaker_monitoring_schedule" "this" {
  name = "every-kind"
  tags = local.tags

  monitoring_schedule_config {
    monitoring_job_definition_name = aws_sagemaker_data_quality_job_definition.this.name
    monitoring_type                = "DataQuality"

    schedule_config {
      schedule_expression = "cron(${var.generation} * ? * * *)"
    }
  }
}

resource "aws_sagemaker_mlflow_tracking_server" "this" {
  tracking_server_name         = "every-kind"
  role_arn                     = aws_iam_role.this.arn
  artifact_store_uri           = "s3://${aws_s3_bucket.this.id}/mlflow"
  automatic_model_registration = var.generation == 2
  tags                         = local.tags
}

resource "aws_sagemaker_device_fleet" "this" {
  device_fleet_name = "every-kind"
  role_arn          = aws_iam_role.this.arn
  description       = "generation ${var.generation}"
  tags              = local.tags

  output_config {
    s3_output_location = "s3://${aws_s3_bucket.this.id}/devices"
  }
}

resource "aws_sagemaker_human_task_ui" "this" {
  human_task_ui_name = "every-kind"
  tags               = local.tags

  ui_template {
    content = "<h1>every kind</h1>"
  }
}

resource "aws_sagemaker_servicecatalog_portfolio_status" "this" {
  status = var.generation == 1 ? "Enabled" : "Disabled"
}
