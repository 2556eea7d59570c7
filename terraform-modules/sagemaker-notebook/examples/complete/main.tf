# A GPU notebook in a network of its own, stopped after an idle hour and every evening at eight in Berlin.

module "key" {
  source = "../../../kms-key"

  name = "speech-lab"
}

module "network" {
  source = "../../../network"

  name        = "speech-lab"
  kms_key_arn = module.key.arn
}

module "notebook" {
  source = "../.."

  name           = "speech-lab-notebook"
  kms_key_arn    = module.key.arn
  network        = module.network
  instance_type  = "ml.g5.2xlarge"
  volume_size_gb = 100
  idle_minutes   = 60
  evening        = { schedule = "cron(0 20 * * ? *)", timezone = "Europe/Berlin" }
}

output "notebook" {
  description = "Name of the notebook instance."
  value       = module.notebook.name
}
