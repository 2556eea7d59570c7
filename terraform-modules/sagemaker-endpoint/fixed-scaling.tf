# Scaling of a fixed model, the same that a release registers for trained ones (scaling.tf holds what that needs).

locals {
  scaled   = var.model == null || var.autoscaling == null ? [] : [var.autoscaling]
  from_nil = [for scaling in local.scaled : scaling if scaling.min_capacity == 0]
}

resource "aws_appautoscaling_target" "fixed" {
  count = length(local.scaled)

  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.fixed[0].name}/variant/${local.variant}"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = local.scaled[0].min_capacity
  max_capacity       = local.scaled[0].max_capacity
  tags               = { stage = var.stage }

  lifecycle {
    # SageMaker refuses another instance type while the endpoint scales, so scaling is taken away before every update.
    replace_triggered_by = [aws_sagemaker_endpoint_configuration.fixed]
  }
}

resource "aws_appautoscaling_policy" "traffic" {
  count = length(local.scaled)

  name               = "${local.name}-traffic"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.fixed[0].service_namespace
  resource_id        = aws_appautoscaling_target.fixed[0].resource_id
  scalable_dimension = aws_appautoscaling_target.fixed[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = local.scaled[0].invocations_per_instance

    dynamic "predefined_metric_specification" {
      for_each = var.kind == "asynchronous" ? [] : ["SageMakerVariantInvocationsPerInstance"]

      content {
        predefined_metric_type = predefined_metric_specification.value
      }
    }

    dynamic "customized_metric_specification" {
      for_each = var.kind == "asynchronous" ? ["ApproximateBacklogSizePerInstance"] : []

      content {
        namespace   = "AWS/SageMaker"
        metric_name = customized_metric_specification.value
        statistic   = "Average"

        dimensions {
          name  = "EndpointName"
          value = local.name
        }
      }
    }
  }

  lifecycle {
    replace_triggered_by = [aws_appautoscaling_target.fixed]
  }
}

# A target per instance says nothing about no instance: the first request that waits starts one.
resource "aws_appautoscaling_policy" "wake" {
  count = length(local.from_nil)

  name               = "${local.name}-wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.fixed[0].service_namespace
  resource_id        = aws_appautoscaling_target.fixed[0].resource_id
  scalable_dimension = aws_appautoscaling_target.fixed[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Average"
    cooldown                = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }

  lifecycle {
    replace_triggered_by = [aws_appautoscaling_target.fixed]
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  count = length(local.from_nil)

  alarm_name          = "${local.name}-wake"
  alarm_description   = "Requests wait for ${local.name}, which has no instance; this starts one"
  namespace           = "AWS/SageMaker"
  metric_name         = "HasBacklogWithoutCapacity"
  dimensions          = { EndpointName = local.name }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "missing"
  alarm_actions       = [aws_appautoscaling_policy.wake[0].arn]
  tags                = { stage = var.stage }
}
