output "role_arn" {
  description = "ARN of the role that jobs assume."
  value       = aws_iam_role.job.arn
}

output "image_repository" {
  description = "Image repository: its URL and ARN."
  value       = { url = aws_ecr_repository.this.repository_url, arn = aws_ecr_repository.this.arn }
}

output "model_package_group" {
  description = "Name of the model package group."
  value       = aws_sagemaker_model_package_group.this.model_package_group_name
}

output "parameter" {
  description = "Name and ARN of the SSM parameter that holds the job spec."
  value       = { name = aws_ssm_parameter.spec.name, arn = aws_ssm_parameter.spec.arn }
}

output "package_policy" {
  description = "IAM policy document, as JSON, for the build that makes the images."
  value       = data.aws_iam_policy_document.package.json
}

output "run_policy" {
  description = "IAM policy document, as JSON, for whoever starts jobs, tuning jobs too, but registers no models, such as a notebook; it denies unsafe jobs."
  value       = data.aws_iam_policy_document.explore.json
}

output "launch_policy" {
  description = "IAM policy document, as JSON, for whoever starts jobs and registers models; it denies unsafe jobs."
  value       = data.aws_iam_policy_document.launch.json
}
