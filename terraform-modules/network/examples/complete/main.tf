# Three private subnets that reach AWS through endpoints, and Python packages from CodeArtifact: nothing goes to the internet.

module "key" {
  source = "../../../kms-key"

  name = "private-calls"
}

module "network" {
  source = "../.."

  name        = "private-calls"
  kms_key_arn = module.key.arn
  cidr        = "10.30.0.0/16"
  zone_count  = 3

  log_retention_days = 365

  interface_endpoints = [
    "codeartifact.api",
    "codeartifact.repositories",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "ssm",
    "sts",
  ]
}

output "subnets" {
  description = "IDs of the private subnets."
  value       = module.network.subnet_ids
}
