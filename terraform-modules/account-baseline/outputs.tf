output "state_bucket" {
  description = "Name of the bucket that keeps the projects' Terraform states."
  value       = module.state.name
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the states and the jobs' logs."
  value       = module.key.arn
}

output "log_groups" {
  description = "Names of the log groups that all projects' jobs write to."
  value       = [for group in aws_cloudwatch_log_group.jobs : group.name]
}
