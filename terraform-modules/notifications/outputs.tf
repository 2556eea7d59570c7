output "topic_arn" {
  description = "ARN of the topic, usable once its policy admits the publishers."
  value       = aws_sns_topic_policy.this.arn
}
