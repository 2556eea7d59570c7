# A machine for exploring, inside the network: it can start the same safe jobs as the pipeline, and stops by itself.

module "notebook" {
  source = "./modules/sagemaker-notebook"
  count  = var.notebook == null ? 0 : 1

  name            = "${var.project_slug}-notebook"
  kms_key_arn     = module.key.arn
  network         = local.network
  policy          = one(data.aws_iam_policy_document.notebook[*].json)
  code_repository = local.notebook_clones ? module.source.https_url : null
  instance_type   = var.notebook.instance_type
  volume_size_gb  = var.notebook.volume_size_gb
  idle_minutes    = var.notebook.idle_minutes
  evening         = var.notebook.evening
}

locals {
  # Other hosts are on the internet, and want keys that no role has.
  notebook_clones = var.notebook != null && var.source_code.kind == "codecommit"
  notebook_may    = concat(module.training[*].run_policy, local.notebook_clones ? [module.source.clone_policy] : [])
}

data "aws_iam_policy_document" "notebook" {
  count = var.notebook == null || length(local.notebook_may) == 0 ? 0 : 1

  source_policy_documents = local.notebook_may
}
