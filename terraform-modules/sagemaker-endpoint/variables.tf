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

variable "traffic_shift" {
  description = "How an update moves traffic to the new model: all-at-once, canary (percent first, at most 50, then all) or linear (percent at a time), waiting wait_seconds between steps; alarms roll it back meanwhile. Null chooses canary 10 % from 2 instances up, else all-at-once."
  type        = object({ kind = string, percent = optional(number), wait_seconds = optional(number, 300) })
  default     = null

  validation {
    condition     = var.traffic_shift == null || var.kind != "serverless"
    error_message = "traffic_shift: AWS moves a serverless endpoint all at once and cannot roll it back; set traffic_shift to null."
  }

  validation {
    condition     = var.traffic_shift == null ? true : contains(["all-at-once", "canary", "linear"], var.traffic_shift.kind)
    error_message = "traffic_shift: use all-at-once, canary or linear (got: ${try(var.traffic_shift.kind, "none")})."
  }

  validation {
    condition     = try(var.traffic_shift.kind, "all-at-once") == "all-at-once" || try(var.instances.count, 1) >= 2
    error_message = "traffic_shift: canary and linear need at least 2 instances; use all-at-once with 1, where the alarms still roll back."
  }

  validation {
    condition     = try(var.traffic_shift.kind, "all-at-once") == "all-at-once" || var.alarms != null
    error_message = "traffic_shift: canary and linear wait for alarms to roll them back, so they need some; set alarms = {}, or use all-at-once (got: ${try(var.traffic_shift.kind, "none")} without alarms)."
  }

  validation {
    condition     = try(var.traffic_shift.kind, "all-at-once") == "all-at-once" ? true : coalesce(var.traffic_shift.percent, 10) >= 1 && coalesce(var.traffic_shift.percent, 10) <= 50
    error_message = "traffic_shift: use percent from 1 to 50, for example 10 (got: ${coalesce(try(var.traffic_shift.percent, null), 10)})."
  }

  validation {
    condition     = var.traffic_shift == null ? true : var.traffic_shift.wait_seconds >= 0 && var.traffic_shift.wait_seconds <= 3600
    error_message = "traffic_shift: use wait_seconds from 0 to 3600, for example 300 (got: ${try(var.traffic_shift.wait_seconds, 0)})."
  }
}

variable "autoscaling" {
  description = "Smallest and largest number of instances, and the invocations per instance and minute to aim at; an asynchronous endpoint may scale to 0. Null keeps the number of instances."
  type        = object({ min_capacity = number, max_capacity = number, invocations_per_instance = number })
  default     = null

  validation {
    condition     = var.autoscaling == null || var.kind != "serverless"
    error_message = "autoscaling: a serverless endpoint scales by nature; set autoscaling to null."
  }

  validation {
    condition     = var.autoscaling == null || var.model == null
    error_message = "autoscaling: it is registered by the release pipeline, which a fixed model does not have; set autoscaling to null."
  }

  validation {
    condition = var.autoscaling == null ? true : (
      var.autoscaling.min_capacity >= (var.kind == "asynchronous" ? 0 : 1) &&
      var.autoscaling.max_capacity >= max(1, var.autoscaling.min_capacity) && var.autoscaling.invocations_per_instance > 0
    )
    error_message = "autoscaling: use min_capacity from 1 up (0 if asynchronous), max_capacity at least that, and invocations_per_instance above 0, for example { min_capacity = 1, max_capacity = 4, invocations_per_instance = 100 }."
  }
}

variable "alarms" {
  description = <<-EOT
    What counts as bad in two of three minutes, rolls an update back and tells the owner: percentages of requests that SageMaker (error_percent)
    or the model (model_error_percent, from least_model_errors a minute up) failed, the model's 99th percentile latency in milliseconds, and one metric of your own, for example of
    quality. A canary of 10 % that fails one request in five makes 2 % of them all fail. `runbook` is the page that says what to do, with a heading for each alarm. Null watches nothing.
  EOT
  type = object({
    error_percent       = optional(number, 1)
    model_error_percent = optional(number, 5)
    least_model_errors  = optional(number, 3)
    latency_ms          = optional(number, 5000)
    runbook             = optional(string, "docs/runbook.md")
    custom = optional(object({
      namespace  = string
      metric     = string
      dimensions = optional(map(string), {})
      statistic  = optional(string, "Average")
      comparison = optional(string, "GreaterThanThreshold")
      threshold  = number
    }))
  })
  default = {}

  validation {
    condition = var.alarms == null ? true : alltrue([
      for percent in [var.alarms.error_percent, var.alarms.model_error_percent] : percent > 0 && percent <= 100
    ]) && var.alarms.latency_ms > 0 && var.alarms.least_model_errors >= 1
    error_message = "alarms: use percentages above 0 up to 100, latency_ms above 0 and least_model_errors from 1, for example { error_percent = 5, latency_ms = 5000 }."
  }

  validation {
    condition = try(var.alarms.custom, null) == null ? true : (
      can(regex("^(Greater|Less)Than(OrEqualTo)?Threshold$", var.alarms.custom.comparison)) &&
      can(regex("^(Average|Maximum|Minimum|SampleCount|Sum|p[0-9]{1,2}(\\.[0-9]+)?)$", var.alarms.custom.statistic))
    )
    error_message = "alarms: a custom one needs a comparison such as LessThanThreshold, and Average, Maximum, Minimum, SampleCount, Sum or a percentile such as p99 as statistic (got: ${try(var.alarms.custom.comparison, "none")}, ${try(var.alarms.custom.statistic, "none")})."
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
  description = "Where released models come from: the model package group, the ARN of the image repository, and the ARN of the training parameter. Null for a fixed model."
  type        = object({ model_package_group = string, image_repository_arn = string, training_parameter_arn = string })
  default     = null

  validation {
    condition     = (var.registry == null) != (var.model == null)
    error_message = "registry: give either registry, for models that a pipeline releases, or model, for one that never changes by training."
  }
}

variable "model" {
  description = "A pre-trained model that Terraform serves itself: its image (by digest), the S3 address of its artifact under training/ of the models bucket, and its environment. Null leaves the endpoint to the release pipeline."
  type        = object({ image = string, model_data_url = optional(string), environment = optional(map(string), {}) })
  default     = null

  validation {
    condition     = var.model == null ? true : can(regex("@sha256:[0-9a-f]{64}$", var.model.image))
    error_message = "model: name the image by its digest, for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/speech@sha256:0123… (got: ${try(var.model.image, "none")})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts models, volumes, captures and asynchronous answers."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "SNS topic that the alarms notify; it must admit cloudwatch.amazonaws.com."
  type        = string
  nullable    = false
}
