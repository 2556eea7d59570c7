output "clone_url" {
  description = "Where to push the code: a git URL, or the S3 address of the zip file."
  value       = coalesce(one(aws_codecommit_repository.this[*].clone_url_http), local.clone_url)
}

output "action" {
  description = "Provider and configuration of the pipeline's source action; this configuration never starts a pipeline by itself."
  value       = local.action
}

output "detects_changes" {
  description = "Configuration that a pipeline adds to be started by a push through a connection; empty where an event does it."
  value       = local.is_connection ? { DetectChanges = "true" } : {}
}

output "commit_variable" {
  description = "Output variable of the source action that names the exact version of the code."
  value       = var.kind == "s3" ? "VersionId" : "CommitId"
}

output "event_pattern" {
  description = "EventBridge pattern of a change of the code, as JSON; null where the connection reports changes itself."
  value       = local.event_pattern
}

output "read_policy" {
  description = "IAM policy document, as JSON, that lets a pipeline read the source."
  value       = data.aws_iam_policy_document.read.json
}

output "https_url" {
  description = "HTTPS address of the CodeCommit repository, in the only form that a SageMaker notebook takes; null for other kinds."
  value       = var.kind == "codecommit" ? local.https_url : null
}

output "clone_policy" {
  description = "IAM policy document, as JSON, that lets a role clone the CodeCommit repository and push branches for review; null for other kinds, which have keys of their own."
  value       = one(data.aws_iam_policy_document.clone[*].json)
}
