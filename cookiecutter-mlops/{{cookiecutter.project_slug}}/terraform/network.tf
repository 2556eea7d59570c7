# Where everything runs: outside a VPC (still isolated and encrypted), in a network of its own, or in one that is there.

locals {
  # What runs inside and what it asks of AWS; each endpoint costs, so builds and functions bring their own.
  interface_endpoints = concat(
    ["ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime", "ssm", "sts"],
    ["codepipeline", "lambda", "xray"],
    var.network.builds ? ["application-autoscaling"] : [],
    local.notebook_clones ? ["git-codecommit"] : [],
    var.network.package_index == null ? [] : ["codeartifact.api", "codeartifact.repositories"],
  )

  networks = {
    none = null
    new = {
      vpc_id             = one(module.network[*].vpc_id)
      subnet_ids         = try(module.network[0].subnet_ids, [])
      security_group_ids = try(module.network[0].security_group_ids, [])
    }
    existing = {
      vpc_id             = var.network.vpc_id
      subnet_ids         = var.network.subnet_ids
      security_group_ids = var.network.security_group_ids
    }
  }
  network = local.networks[var.network.kind]

  build_network = !var.network.builds ? null : {
    vpc_id                = try(local.network.vpc_id, null)
    subnet_ids            = try(local.network.subnet_ids, [])
    security_group_ids    = try(local.network.security_group_ids, [])
    reaches_package_index = var.network.nat || var.network.package_index != null
  }
}

module "network" {
  source = "./modules/network"
  count  = var.network.kind == "new" ? 1 : 0

  name                = var.project_slug
  kms_key_arn         = module.key.arn
  cidr                = var.network.cidr
  zone_count          = var.network.zone_count
  interface_endpoints = local.interface_endpoints
  nat                 = var.network.nat
}
