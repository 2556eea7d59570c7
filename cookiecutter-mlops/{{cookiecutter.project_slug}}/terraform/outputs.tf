output "region" {
  description = "AWS region of the project."
  value       = var.region
}

output "source_clone_url" {
  description = "Where to push the code."
  value       = module.source.clone_url
}

output "data_bucket" {
  description = "Bucket of the data snapshots."
  value       = module.bucket["data"].name
}

output "models_bucket" {
  description = "Bucket of the trained models."
  value       = module.bucket["models"].name
}

output "artifacts_bucket" {
  description = "Bucket of the pipelines' artifacts."
  value       = module.bucket["artifacts"].name
}

output "image_repository_url" {
  description = "Repository of the training and serving images; null where nothing trains."
  value       = one(module.training[*].image_repository.url)
}

output "model_package_group" {
  description = "Model package group that holds every trained model; null where nothing trains."
  value       = one(module.training[*].model_package_group)
}

output "train_pipeline" {
  description = "Pipeline that a push starts; null where nothing trains."
  value       = one(module.train_pipeline[*].name)
}

output "release_pipeline" {
  description = "Pipeline that an approved model package starts; null where nothing trains."
  value       = one(module.release_pipeline[*].name)
}

output "notebook" {
  description = "Name of the notebook instance; null where there is none."
  value       = one(module.notebook[*].name)
}

output "endpoints" {
  description = "Endpoint of each stage, which the first release creates."
  value       = { for stage in local.served : stage => module.endpoint[stage].name }
}

output "dashboards" {
  description = "CloudWatch dashboard of each stage."
  value       = { for stage, monitoring in module.monitoring : stage => monitoring.dashboard }
}

output "batch" {
  description = "Where to put files for batch inference, and where the answers are, by stage; empty where it is off."
  value       = { for stage, batch in module.batch : stage => { input = batch.input_s3_uri, output = batch.output_s3_uri } }
}

output "invoke_functions" {
  description = "Function of each stage that applications call."
  value       = { for stage, invoker in module.invoker : stage => invoker.name }
}
