# What exists once in an AWS account and region, shared by all projects. `mlops account apply` applies it, from whichever
# project: its state lies in the bucket that it makes, so every project sees the same one.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

locals {
  # The region has its home in the project's own settings.
  project = jsondecode(file("${path.module}/../terraform.auto.tfvars.json"))
}

variable "cost_allocation_tags" {
  description = "Tags by which the bill can be split; AWS accepts one only a day after its first use."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "anomalies" {
  description = "Who is told of services that cost so many US dollars a day more than usual; null watches nothing."
  type        = object({ email = string, usd = number })
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the baseline may delete every project's Terraform state, for good."
  type        = bool
  default     = false
  nullable    = false
}

provider "aws" {
  region = local.project.region

  default_tags {
    tags = { project = "account", stage = "shared", owner = "platform", managed-by = "terraform" }
  }
}

module "baseline" {
  source = "../modules/account-baseline"

  cost_allocation_tags = var.cost_allocation_tags
  anomalies            = var.anomalies
  force_destroy        = var.force_destroy
}

# SageMaker makes its log groups itself at an account's first job; those are taken over, with what they hold.
data "aws_cloudwatch_log_groups" "present" {
  log_group_name_prefix = "/aws/sagemaker/"
}

import {
  for_each = {
    for kind in ["NotebookInstances", "ProcessingJobs", "TrainingJobs", "TransformJobs"] : kind => "/aws/sagemaker/${kind}"
    if contains(data.aws_cloudwatch_log_groups.present.log_group_names, "/aws/sagemaker/${kind}")
  }

  to = module.baseline.aws_cloudwatch_log_group.jobs[each.key]
  id = each.value
}

# So is the role that Application Auto Scaling made for an earlier endpoint; it is one per account, not per region.
data "aws_iam_roles" "present" {
  path_prefix = "/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
}

import {
  for_each = data.aws_iam_roles.present.arns

  to = module.baseline.aws_iam_service_linked_role.this["sagemaker.application-autoscaling.amazonaws.com"]
  id = each.key
}

output "state_bucket" {
  description = "Name of the bucket that keeps Terraform's states."
  value       = module.baseline.state_bucket
}
