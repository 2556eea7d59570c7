output "parameter" {
  description = "Name of the SSM parameter that holds the spec."
  value       = aws_ssm_parameter.spec.name
}

output "retrain_alarm_arns" {
  description = "ARNs of the alarms whose state ALARM is a reason to train again: drift and loss of quality."
  value       = [for alarm in aws_cloudwatch_metric_alarm.window : alarm.arn]
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "launcher" {
  description = "The function that starts jobs of the live model, for module batch-inference: its name, ARN and role, the role of schedules that call it, and its queue of failed calls."
  value = {
    name               = aws_lambda_function.this.function_name
    arn                = aws_lambda_function.this.arn
    role_name          = aws_iam_role.launcher.name
    scheduler_role_arn = aws_iam_role.scheduler.arn
    dead_letter_arn    = aws_sqs_queue.failed.arn
  }
}
