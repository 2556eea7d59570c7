variable "project" {
  description = "Project slug; the endpoint is named <project>-<stage>, for example salary-prediction-prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.project)) && length(var.project) <= 20
    error_message = "project: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.project})."
  }
}

variable "stage" {
  description = "Stage of the endpoint, for example staging or prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.stage)) && !contains(["training"], var.stage)
    error_message = "stage: use 2 to 8 lowercase letters and digits, for example prod (got: ${var.stage})."
  }
}

variable "kind" {
  description = "real-time answers at once from instances that always run; serverless starts on demand and is paid by use; asynchronous queues requests of up to 1 GB and writes answers to S3."
  type        = string
  default     = "real-time"
  nullable    = false

  validation {
    condition     = contains(["real-time", "serverless", "asynchronous"], var.kind)
    error_message = "kind: use real-time, serverless or asynchronous (got: ${var.kind})."
  }
}

variable "instances" {
  description = "Type and number of the instances of a real-time or asynchronous endpoint; from 2 up they spread over zones, and an update can begin with a canary."
  type        = object({ type = string, count = optional(number, 1) })
  default     = null

  validation {
    condition     = (var.instances != null) == (var.kind != "serverless")
    error_message = "instances: a serverless endpoint has none (and no GPU); a real-time or asynchronous endpoint needs them, for example { type = \"ml.m5.large\", count = 1 }."
  }

  validation {
    condition     = var.instances == null ? true : can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instances.type))
    error_message = "instances: use a SageMaker type, for example ml.m5.large (got: ${try(var.instances.type, "none")})."
  }

  validation {
    condition     = var.instances == null ? true : var.instances.count >= 1 && floor(var.instances.count) == var.instances.count
    error_message = "instances: use a whole count from 1 up, for example 2 (got: ${try(var.instances.count, 0)})."
  }
}

variable "serverless" {
  description = "Memory in MB (1024 to 6144 in steps of 1024) and concurrent requests (1 to 200) of a serverless endpoint."
  type        = object({ memory_mb = number, max_concurrency = number })
  default     = null

  validation {
    condition     = (var.serverless != null) == (var.kind == "serverless")
    error_message = "serverless: give it for a serverless endpoint only, for example { memory_mb = 2048, max_concurrency = 5 }."
  }

  validation {
    condition     = var.serverless == null ? true : contains([1024, 2048, 3072, 4096, 5120, 6144], var.serverless.memory_mb)
    error_message = "serverless: use memory_mb of 1024, 2048, 3072, 4096, 5120 or 6144 (got: ${try(var.serverless.memory_mb, 0)})."
  }

  validation {
    condition     = var.serverless == null ? true : var.serverless.max_concurrency >= 1 && var.serverless.max_concurrency <= 200
    error_message = "serverless: use max_concurrency from 1 to 200, for example 5 (got: ${try(var.serverless.max_concurrency, 0)})."
  }
}

variable "network" {
  description = "Private subnets and security groups of the endpoint; null runs it outside a VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null || var.kind != "serverless"
    error_message = "network: AWS runs no serverless endpoint inside a VPC; use kind real-time or asynchronous, or network null."
  }
}

variable "capture_percentage" {
  description = "Share of requests and answers (0 to 100) that SageMaker copies to the data bucket for monitoring; 0 copies none."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.capture_percentage >= 0 && var.capture_percentage <= 100
    error_message = "capture_percentage: use 0 to 100, for example 20 (got: ${var.capture_percentage})."
  }

  validation {
    condition     = var.capture_percentage == 0 || var.kind == "real-time"
    error_message = "capture_percentage: SageMaker captures for real-time endpoints only; use 0 for a ${var.kind} endpoint."
  }
}

variable "buckets" {
  description = "Buckets of the project: models are read from models; captures and asynchronous answers are written to data."
  type = object({
    data   = object({ name = string, arn = string })
    models = object({ name = string, arn = string })
  })
  nullable = false
}

variable "registry" {
  description = "Where released models come from: the model package group, the ARNs of the image repository and the training parameter; and, where packages name another image than the pipeline's (serving), that image, startup_seconds (60 to 3600) and the machine image (ami) of its CUDA. Null for a fixed model."
  type = object({
    model_package_group    = string
    image_repository_arn   = string
    training_parameter_arn = string
    serving                = optional(object({ image = string, startup_seconds = optional(number, 900), ami = optional(string) }))
  })
  default = null

  validation {
    condition     = (var.registry == null) != (var.model == null)
    error_message = "registry: give either registry, for models that a pipeline releases, or model, for one that never changes by training."
  }

  validation {
    condition     = try(var.registry.serving, null) == null ? true : can(regex("@sha256:[0-9a-f]{64}$|:[A-Za-z0-9_][A-Za-z0-9._-]*$", var.registry.serving.image)) && !endswith(var.registry.serving.image, ":latest")
    error_message = "registry: name the image that serves by its digest, or by a tag other than latest, for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/speech@sha256:0123… (got: ${try(var.registry.serving.image, "none")})."
  }

  validation {
    condition     = try(var.registry.serving, null) == null ? true : var.kind != "serverless" && var.registry.serving.startup_seconds >= 60 && var.registry.serving.startup_seconds <= 3600
    error_message = "registry: an image of another than the pipeline serves on instances, with startup_seconds from 60 to 3600, for example 900 (got: ${var.kind}, ${try(var.registry.serving.startup_seconds, 0)})."
  }
}

variable "model" {
  description = <<-EOT
    A pre-trained model that Terraform serves itself: its image, by digest or by a tag that never means another one; the S3 address of its
    model.tar.gz in the models bucket, or of a folder there, which ends with / and is read as it lies; its environment; startup_seconds (60 to 3600)
    for fetching and for loading it, null for SageMaker's own limits; and the machine image (ami) that its CUDA needs. Null leaves the endpoint to
    the release pipeline.
  EOT
  type = object({
    image           = string
    model_data_url  = optional(string)
    environment     = optional(map(string), {})
    startup_seconds = optional(number)
    ami             = optional(string)
  })
  default = null

  validation {
    condition     = var.model == null ? true : can(regex("@sha256:[0-9a-f]{64}$|:[A-Za-z0-9_][A-Za-z0-9._-]*$", var.model.image)) && !endswith(var.model.image, ":latest")
    error_message = "model: name the image by its digest, or by a tag other than latest, for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/speech@sha256:0123… (got: ${try(var.model.image, "none")})."
  }

  validation {
    condition     = try(var.model.model_data_url, null) == null ? true : startswith(var.model.model_data_url, "s3://${var.buckets.models.name}/")
    error_message = "model: the endpoint reads the models bucket only, for example s3://${var.buckets.models.name}/weights/own/ (got: ${coalesce(try(var.model.model_data_url, null), "none")})."
  }

  validation {
    condition     = try(var.model.startup_seconds, null) == null ? true : var.kind != "serverless" && var.model.startup_seconds >= 60 && var.model.startup_seconds <= 3600
    error_message = "model: use startup_seconds from 60 to 3600, for example 900, and none for a serverless endpoint (got: ${coalesce(try(var.model.startup_seconds, null), 0)})."
  }

  validation {
    condition     = var.kind != "serverless" || !endswith(coalesce(try(var.model.model_data_url, null), "-"), "/")
    error_message = "model: a serverless endpoint reads a model.tar.gz and no folder (got: ${coalesce(try(var.model.model_data_url, null), "none")})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts models, volumes, captures and asynchronous answers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "topic_arn" {
  description = "SNS topic that the alarms notify; it must admit cloudwatch.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "topic_arn: give the ARN of an SNS topic (got: ${var.topic_arn})."
  }
}
