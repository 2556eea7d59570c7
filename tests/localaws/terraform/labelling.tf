# SageMaker's projects, images, people and scaling, beside what sagemaker.tf and studio.tf have.

resource "aws_sagemaker_image" "this" {
  image_name   = "every-kind"
  display_name = "Generation ${var.generation}"
  role_arn     = aws_iam_role.this.arn
  tags         = local.tags
}

resource "aws_sagemaker_image_version" "this" {
  image_name = aws_sagemaker_image.this.image_name
  base_image = var.image
  job_type   = var.generation == 1 ? "TRAINING" : "INFERENCE"
}

resource "aws_sagemaker_project" "this" {
  project_name        = "every-kind"
  project_description = "Generation ${var.generation}"
  tags                = local.tags

  service_catalog_provisioning_details {
    product_id = "prod-abcdefghijklm"
  }
}

resource "aws_sagemaker_workforce" "this" {
  workforce_name = "every-kind"

  source_ip_config {
    cidrs = ["10.${var.generation}.0.0/16"]
  }

  oidc_config {
    authorization_endpoint = "https://example.com/authorize"
    client_id              = "every-kind"
    client_secret          = "secret"
    issuer                 = "https://example.com"
    jwks_uri               = "https://example.com/keys"
    logout_endpoint        = "https://example.com/logout"
    token_endpoint         = "https://example.com/token"
    user_info_endpoint     = "https://example.com/user"
  }
}

resource "aws_sagemaker_workteam" "this" {
  workteam_name  = "every-kind"
  workforce_name = aws_sagemaker_workforce.this.id
  description    = "Generation ${var.generation}"
  tags           = local.tags

  member_definition {
    oidc_member_definition {
      groups = ["labellers"]
    }
  }
}

resource "aws_sagemaker_flow_definition" "this" {
  flow_definition_name = "every-kind"
  role_arn             = aws_iam_role.this.arn
  tags                 = local.tags

  human_loop_config {
    human_task_ui_arn                     = aws_sagemaker_human_task_ui.this.arn
    task_availability_lifetime_in_seconds = 3600
    task_count                            = 1
    task_description                      = "Look at it"
    task_title                            = "Every kind"
    workteam_arn                          = aws_sagemaker_workteam.this.arn
  }

  output_config {
    s3_output_path = "s3://${aws_s3_bucket.this.id}/loops"
  }
}

resource "aws_sagemaker_model" "pipeline" {
  name               = "every-kind-pipeline"
  execution_role_arn = aws_iam_role.this.arn

  container {
    container_hostname = "features"
    image              = var.image
    model_data_url     = var.model_data_url
  }

  container {
    container_hostname = "model"
    image              = var.image
    model_data_url     = var.model_data_url
  }

  inference_execution_config {
    mode = "Serial"
  }
}

resource "aws_appautoscaling_policy" "customized" {
  name               = "backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 5 * var.generation
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    customized_metric_specification {
      namespace   = "AWS/SageMaker"
      metric_name = "ApproximateBacklogSizePerInstance"
      statistic   = "Average"

      dimensions {
        name  = "EndpointName"
        value = "every-kind"
      }
    }
  }
}

resource "aws_appautoscaling_policy" "steps" {
  name               = "wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Average"
    cooldown                = 60 * var.generation

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  name               = "nights"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  schedule           = "cron(0 20 * * ? *)"
  timezone           = "Europe/Berlin"

  scalable_target_action {
    min_capacity = 1
    max_capacity = var.generation
  }
}
