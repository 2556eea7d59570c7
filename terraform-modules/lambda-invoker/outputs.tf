output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "invoke_policy" {
  description = "IAM policy document, as JSON, that lets an application call the function."
  value       = data.aws_iam_policy_document.invoke.json
}
