# SageMaker would make these groups itself at the first job, without key and for ever.

resource "aws_cloudwatch_log_group" "jobs" {
  for_each = toset(["NotebookInstances", "ProcessingJobs", "TrainingJobs", "TransformJobs"])

  name              = "/aws/sagemaker/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = module.key.arn
}
