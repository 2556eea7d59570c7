output "name" {
  description = "Name of the pipeline."
  value       = aws_codepipeline.this.name
}

output "arn" {
  description = "ARN of the pipeline."
  value       = aws_codepipeline.this.arn
}

output "build_roles" {
  description = "Name of the role of each build, by the stage's name in lower case."
  value       = { for name, role in aws_iam_role.build : name => role.name }
}
