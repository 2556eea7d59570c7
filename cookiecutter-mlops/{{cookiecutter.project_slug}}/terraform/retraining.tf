# Continuous training: what starts a training besides a push, and the gatekeeper that every start asks.

locals {
  train = "${var.project_slug}-train"

  # The build waits for the job, so it may take as long as the job, and an hour for everything around it.
  train_minutes = min(2160, ceil(max(var.training.max_runtime_seconds, var.training.use_spot ? var.training.max_wait_seconds : 0) / 60) + 60)
}

module "retraining" {
  source = "./modules/retraining"
  count  = local.trains ? 1 : 0

  project           = var.project_slug
  package           = "${path.module}/../functions/build/retrain.zip"
  data_bucket       = local.buckets.data
  live_stage        = "prod"
  kms_key_arn       = module.key.arn
  topic_arn         = module.notifications.topic_arn
  arrival           = { kind = var.retraining.arrival, quiet_minutes = var.retraining.quiet_minutes }
  schedule          = var.retraining.schedule == null ? null : { expression = var.retraining.schedule, time_zone = var.retraining.time_zone }
  alarm_arns        = module.monitoring["prod"].retrain_alarm_arns
  cool_down_minutes = var.retraining.cool_down_minutes
  daily_cap         = var.retraining.daily_cap
  network           = local.network

  # Behind another run, then through Check and Package, and trained: after that nobody can still be at work.
  pipeline = { name = local.train, longest_minutes = 2 * local.train_minutes + 240 }
}

# Start jobs and register models, but ask first.
data "aws_iam_policy_document" "train" {
  count = local.trains ? 1 : 0

  source_policy_documents = [module.training[0].launch_policy, module.retraining[0].train_policy]
}
