# A pre-trained model, served as it is by an image of AWS or of one's own: nothing trains, and Terraform owns the endpoint.

locals {
  trains = var.pretrained == null

  # The first apply makes the bucket that the weights are put to; there is no endpoint before somebody says which.
  served = toset(local.trains || try(var.pretrained.weights, "") != "" ? var.stages : [])

  pretrained = local.trains ? null : {
    image           = var.pretrained.image
    model_data_url  = "s3://${local.buckets.models.name}/weights/${var.pretrained.weights}/"
    environment     = var.pretrained.environment
    startup_seconds = var.pretrained.startup_seconds
    ami             = var.pretrained.ami
  }
}
