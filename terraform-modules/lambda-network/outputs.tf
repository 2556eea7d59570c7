output "policy" {
  description = "IAM policy document, as JSON, for the function's role; it also denies these rights to the function's code."
  value       = data.aws_iam_policy_document.this.json
}
