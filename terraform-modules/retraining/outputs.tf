output "function" {
  description = "Name and ARN of the gatekeeper."
  value       = { name = aws_lambda_function.this.function_name, arn = aws_lambda_function.this.arn }
}

output "queue" {
  description = "Name and ARN of the queue that an event for the gatekeeper goes to."
  value       = { name = aws_sqs_queue.this.name, arn = aws_sqs_queue.this.arn }
}

output "budget_topic_arn" {
  description = "Topic whose every message stops training until the month ends: for a budget's alert of 100 % actual spending."
  value       = aws_sns_topic_policy.budget.arn
}

output "parameter" {
  description = "Name and ARN of the SSM parameter that holds the spec."
  value       = { name = aws_ssm_parameter.spec.name, arn = aws_ssm_parameter.spec.arn }
}

output "train_policy" {
  description = "IAM policy document, as JSON, for the build that trains: ask the gatekeeper, and freeze data that arrived."
  value       = data.aws_iam_policy_document.train.json
}
