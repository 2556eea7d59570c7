output "parameter" {
  description = "Name of the SSM parameter that holds the spec."
  value       = aws_ssm_parameter.spec.name
}

output "input_s3_uri" {
  description = "Where to put files, with any S3 tool."
  value       = "s3://${var.data_bucket.name}/${local.prefix}/input/"
}

output "output_s3_uri" {
  description = "Where the answers are: the path of an input, with .out after it."
  value       = "s3://${var.data_bucket.name}/${local.prefix}/output/"
}
