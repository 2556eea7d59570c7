# What training needs: an image repository, a place in the model registry, the roles of jobs, and the job spec that the
# pipeline reads from SSM. permissions.tf says what the builds around a job may do.

data "aws_caller_identity" "current" {}
data "aws_default_tags" "current" {} # jobs and packages get the tags that Terraform gives
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
  arn_prefix = "arn:${local.partition}:sagemaker:${local.region}:${local.account}"
}

resource "aws_ecr_repository" "this" {
  name                 = var.project
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_destroy

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

# Tagged images belong to commits, and a release is an image digest: only what no tag names may expire.
resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Expire images without a tag after a week"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = var.project
  model_package_group_description = "Every model that the pipeline trained, with its metrics and verdict"
}

resource "aws_ssm_parameter" "spec" {
  #checkov:skip=CKV2_AWS_34:holds names and sizes that builds read, and no secret
  name        = "/${var.project}/training"
  description = "How ${var.project} trains; written by Terraform, read by the pipeline"
  type        = "String"
  tier        = "Intelligent-Tiering"

  value = jsonencode({
    project_slug                    = var.project
    role_arn                        = aws_iam_role.job.arn
    image_repository_url            = aws_ecr_repository.this.repository_url
    image_repository_name           = aws_ecr_repository.this.name
    model_package_group             = aws_sagemaker_model_package_group.this.model_package_group_name
    instance_types                  = var.instance_types
    instance_count                  = var.instance_count
    input_mode                      = var.input_mode
    data_distribution               = var.data_distribution
    use_spot                        = var.spot != null
    max_runtime_seconds             = var.max_runtime_seconds
    max_wait_seconds                = try(var.spot.max_wait_seconds, var.max_runtime_seconds)
    warm_pool_seconds               = var.warm_pool_seconds
    volume_size_gb                  = var.volume_size_gb
    kms_key_arn                     = var.kms_key_arn
    network_isolation               = true
    encrypt_inter_container_traffic = true
    preprocessing                   = one([for role in aws_iam_role.preprocessing : merge(var.preprocessing, { role_arn = role.arn })])
    subnet_ids                      = try(var.network.subnet_ids, [])
    security_group_ids              = try(var.network.security_group_ids, [])
    data_bucket                     = var.buckets.data.name
    models_bucket                   = var.buckets.models.name
    artifacts_bucket                = var.buckets.artifacts.name
    stages                          = var.release.stages
    model_approval                  = var.release.approval
    release_pipeline                = var.release.pipeline
    serving                         = var.release.serving
    tags                            = data.aws_default_tags.current.tags
  })
}
