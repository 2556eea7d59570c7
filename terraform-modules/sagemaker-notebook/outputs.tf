output "name" {
  description = "Name of the notebook instance."
  value       = aws_sagemaker_notebook_instance.this.name
}

output "url" {
  description = "Address of JupyterLab; a signed link to it comes from the console or CreatePresignedNotebookInstanceUrl."
  value       = aws_sagemaker_notebook_instance.this.url
}

output "role_arn" {
  description = "ARN of the role that code in the notebook has."
  value       = aws_iam_role.this.arn
}
