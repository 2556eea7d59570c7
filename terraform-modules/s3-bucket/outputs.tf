output "name" {
  description = "Name of the bucket, known once its policy is in force: S3 refuses a log target that does not yet admit its logs."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}
