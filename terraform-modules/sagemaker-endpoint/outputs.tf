output "name" {
  description = "Name of the endpoint, which the first release creates."
  value       = local.name
}

output "arn" {
  description = "ARN of the endpoint."
  value       = local.endpoint_arn
}

output "role_arn" {
  description = "ARN of the role that the models assume."
  value       = aws_iam_role.endpoint.arn
}

output "parameter" {
  description = "Name of the SSM parameter that holds the endpoint's specification; null for a fixed model."
  value       = one(aws_ssm_parameter.spec[*].name)
}

output "alarms" {
  description = "Names of the alarms that roll an update back."
  value       = values(local.alarm_names)
}

output "input" {
  description = "Where requests to an asynchronous endpoint are put: S3 address and ARN pattern of the objects; null for other kinds."
  value = var.kind != "asynchronous" ? null : {
    uri = "${local.asynchronous_uri}/input/"
    arn = "${var.buckets.data.arn}/asynchronous/${var.stage}/input/*"
  }
}

output "deploy_policy" {
  description = "IAM policy document, as JSON, for the build that releases models to this stage; null for a fixed model."
  value       = one(data.aws_iam_policy_document.deploy[*].json)
}

output "verify_policy" {
  description = "IAM policy document, as JSON, for the build that verifies this stage; null for a fixed model."
  value       = one(data.aws_iam_policy_document.verify[*].json)
}
