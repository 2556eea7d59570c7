# Batch inference, off unless variable batch says otherwise: files under an input prefix are answered by the live model.

module "batch" {
  source   = "./modules/batch-inference"
  for_each = var.batch == null ? toset([]) : toset(var.stages)

  project         = var.project_slug
  stage           = each.key
  launcher        = module.monitoring[each.key].launcher
  model_role_name = element(split("/", module.endpoint[each.key].role_arn), 1)
  data_bucket     = local.buckets.data
  kms_key_arn     = module.key.arn
  topic_arn       = module.notifications.topic_arn
  schedule        = var.batch.schedule == null || each.key != "prod" ? null : { expression = var.batch.schedule, time_zone = var.batch.time_zone }
  on_arrival      = var.batch.on_arrival
  machines        = { instance_type = var.batch.instance_type, instance_count = var.batch.instance_count }
  files           = { content_type = var.batch.content_type, accept = var.batch.accept, max_mb = var.batch.max_file_mb, concurrent = var.batch.concurrent_files }
}
