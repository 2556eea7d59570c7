# A machine for exploring, inside the network: it can start the same safe jobs as the pipeline, and stops by itself.

module "notebook" {
  source = "./modules/sagemaker-notebook"
  count  = var.notebook == null ? 0 : 1

  name           = "${var.project_slug}-notebook"
  kms_key_arn    = module.key.arn
  network        = local.network
  policy         = module.training.run_policy
  instance_type  = var.notebook.instance_type
  volume_size_gb = var.notebook.volume_size_gb
  idle_minutes   = var.notebook.idle_minutes
  evening        = var.notebook.evening
}
