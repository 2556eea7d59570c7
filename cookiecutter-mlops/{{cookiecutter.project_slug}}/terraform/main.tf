# The whole project: storage, source, training, one endpoint and one function per stage, and the two pipelines between them.
# Where a pre-trained model serves (pretrained.tf) there is nothing that trains, releases or compares models.

data "aws_caller_identity" "current" {}

locals {
  # Every resource has these; what belongs to one stage says which.
  tags = {
    project     = var.project_slug
    stage       = "shared"
    owner       = var.owner_email
    cost-centre = var.cost_centre
    managed-by  = "terraform"
  }
  suffix      = "${data.aws_caller_identity.current.account_id}-${var.region}"
  release     = "${var.project_slug}-release"
  environment = { MLOPS_PROJECT = var.project_slug }

  # Snapshots must stay readable, so only what they are made from is archived.
  archive = var.data_archive == null ? null : {
    archive_days      = var.data_archive.archive_days
    deep_archive_days = var.data_archive.deep_archive_days
    prefix            = "raw/"
  }

  # One by one: a reference to a whole module would wait for its slowest resource, a lifecycle rule that takes a minute.
  buckets = {
    data      = { name = module.bucket["data"].name, arn = module.bucket["data"].arn }
    models    = { name = module.bucket["models"].name, arn = module.bucket["models"].arn }
    artifacts = { name = module.bucket["artifacts"].name, arn = module.bucket["artifacts"].arn }
  }
}

module "key" {
  source = "./modules/kms-key"

  name = var.project_slug
}

module "notifications" {
  source = "./modules/notifications"

  name        = "${var.project_slug}-notifications"
  email       = var.owner_email
  kms_key_arn = module.key.arn
}

module "budget" {
  source = "./modules/cost-budget"

  name        = "${var.project_slug}-monthly"
  monthly_usd = var.monthly_budget_usd
  cost_tag    = { key = "project", value = var.project_slug }
  anomaly_usd = var.cost_anomaly_usd
  topic_arn   = module.notifications.topic_arn
  stop        = one([for topic in module.retraining[*].budget_topic_arn : { topic_arn = topic, email = var.owner_email }])
}

module "logs" {
  source = "./modules/s3-bucket"

  name                 = "${var.project_slug}-logs-${local.suffix}"
  receives_access_logs = true
  expirations          = { "" = 365 }
  force_destroy        = var.force_destroy
}

module "bucket" {
  source   = "./modules/s3-bucket"
  for_each = { data = {}, models = { "checkpoints/" = 30 }, artifacts = { "" = 90 } }

  name              = "${var.project_slug}-${each.key}-${local.suffix}"
  kms_key_arn       = module.key.arn
  access_log_bucket = module.logs.name
  archive           = each.key == "data" ? local.archive : null
  expirations       = each.value
  force_destroy     = var.force_destroy
}

module "source" {
  source = "./modules/source-repository"

  name        = var.project_slug
  description = var.description
  kind        = var.source_code.kind
  repository  = var.source_code.repository
  branch      = var.branch
  approvals   = var.source_code.approvals
  bucket      = var.source_code.kind == "s3" ? local.buckets.artifacts : null
  kms_key_arn = module.key.arn
}

module "training" {
  source = "./modules/sagemaker-training"
  count  = local.trains ? 1 : 0

  project             = var.project_slug
  kms_key_arn         = module.key.arn
  buckets             = local.buckets
  instance_types      = var.training.instance_types
  instance_count      = var.training.instance_count
  input_mode          = var.training.input_mode
  data_distribution   = var.training.data_distribution
  warm_pool_seconds   = var.training.warm_pool_seconds
  max_runtime_seconds = var.training.max_runtime_seconds
  spot                = var.training.use_spot ? { max_wait_seconds = var.training.max_wait_seconds } : null
  volume_size_gb      = var.training.volume_size_gb
  preprocessing       = var.preprocessing
  network             = local.network
  release             = { stages = var.stages, pipeline = local.release, approval = var.model_approval, serving = var.serving }
  force_destroy       = var.force_destroy
}

module "endpoint" {
  source   = "./modules/sagemaker-endpoint"
  for_each = local.served

  project            = var.project_slug
  stage              = each.key
  kind               = var.endpoint.kind
  instances          = var.endpoint.kind == "serverless" ? null : { type = var.endpoint.instance_type, count = var.endpoint.instance_count }
  serverless         = var.endpoint.kind == "serverless" ? { memory_mb = var.endpoint.memory_mb, max_concurrency = var.endpoint.max_concurrency } : null
  network            = local.network
  capture_percentage = var.endpoint.kind == "real-time" ? var.endpoint.capture_percentage : 0
  traffic_shift      = var.endpoint.traffic_shift
  autoscaling        = var.endpoint.autoscaling
  alarms             = merge(var.endpoint.alarms, { latency_ms = var.endpoint.latency_ms })
  buckets            = local.buckets
  kms_key_arn        = module.key.arn
  topic_arn          = module.notifications.topic_arn

  model = local.pretrained

  registry = one([for training in module.training : {
    model_package_group    = training.model_package_group
    image_repository_arn   = training.image_repository.arn
    training_parameter_arn = training.parameter.arn
    serving                = var.serving
  }])
}

module "invoker" {
  source   = "./modules/lambda-invoker"
  for_each = local.served

  name        = "${var.project_slug}-${each.key}-invoke"
  package     = "${path.module}/../functions/build/invoke.zip"
  endpoint    = { name = module.endpoint[each.key].name, arn = module.endpoint[each.key].arn, kind = var.endpoint.kind }
  input       = module.endpoint[each.key].input
  capture     = local.captures[each.key]
  environment = local.trains ? {} : { PRETRAINED = "true" }
  network     = local.network
  kms_key_arn = module.key.arn
  tags        = { stage = each.key }
}
