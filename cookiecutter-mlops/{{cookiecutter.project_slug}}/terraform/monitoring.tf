# Continuous monitoring of every stage: is the live model still asked what it was trained for, and are its answers right?

locals {
  # SageMaker captures for real-time endpoints only; for the others the invoker writes the same files.
  captures = {
    for stage in local.served : stage => var.endpoint.kind == "real-time" || var.endpoint.capture_percentage == 0 ? null : {
      uri        = "s3://${local.buckets.data.name}/capture/${stage}/${module.endpoint[stage].name}/AllTraffic/"
      arn        = "${local.buckets.data.arn}/capture/${stage}/*"
      percentage = var.endpoint.capture_percentage
    }
  }
}

module "monitoring" {
  source   = "./modules/model-monitoring"
  for_each = local.trains ? local.served : toset([])

  project              = var.project_slug
  stage                = each.key
  endpoint_name        = module.endpoint[each.key].name
  package              = "${path.module}/../functions/build/launch.zip"
  buckets              = local.buckets
  image_repository_arn = module.training[0].image_repository.arn
  kms_key_arn          = module.key.arn
  topic_arn            = module.notifications.topic_arn
  pipelines            = ["${var.project_slug}-train", local.release]
  network              = local.network

  # People look at staging by hand; its traffic is not the world's.
  enabled     = var.monitoring.enabled && each.key == "prod"
  schedule    = var.monitoring.schedule
  window      = { hours = var.monitoring.window_hours, sampling_percentage = var.monitoring.sampling_percentage, history_days = var.monitoring.history_days }
  bad_windows = { bad = var.monitoring.bad_windows, of = var.monitoring.of_windows }
  machine     = { instance_type = var.monitoring.instance_type, volume_size_gb = var.monitoring.volume_size_gb }
}
