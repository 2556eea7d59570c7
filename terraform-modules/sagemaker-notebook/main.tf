# A notebook instance inside a private network that nobody has to remember to stop.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix
  arn        = "arn:${local.partition}:sagemaker:${local.region}:${local.account}:notebook-instance/${var.name}"
}

resource "aws_sagemaker_notebook_instance" "this" {
  name                    = var.name
  instance_type           = var.instance_type
  volume_size             = var.volume_size_gb
  platform_identifier     = var.platform
  role_arn                = aws_iam_role.this.arn
  kms_key_id              = var.kms_key_arn
  subnet_id               = var.network.subnet_ids[0]
  security_groups         = var.network.security_group_ids
  direct_internet_access  = "Disabled"
  root_access             = "Disabled"
  lifecycle_config_name   = aws_sagemaker_notebook_instance_lifecycle_configuration.this.name
  default_code_repository = var.code_repository

  instance_metadata_service_configuration {
    minimum_instance_metadata_service_version = "2"
  }

  depends_on = [aws_iam_role_policy.this]
}

# Runs as root at every start, whatever root_access says, and must end within five minutes.
resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "this" {
  name = var.name

  on_start = base64encode(templatefile("${path.module}/on-start.sh", {
    idle_minutes = var.idle_minutes
    program      = file("${path.module}/stop_when_idle.py")
  }))
}
