variable "project" {
  description = "Project slug, for example salary-prediction."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.project)) && length(var.project) <= 20
    error_message = "project: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.project})."
  }
}

variable "stage" {
  description = "Stage whose live model is monitored, for example prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.stage))
    error_message = "stage: use 2 to 8 lowercase letters and digits, for example prod (got: ${var.stage})."
  }
}

variable "endpoint_name" {
  description = "Endpoint of the stage, whose captured requests are read and whose traffic is on the dashboard."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}$", var.endpoint_name))
    error_message = "endpoint_name: use at most 63 letters, digits and hyphens, for example salary-prediction-prod (got: ${var.endpoint_name})."
  }
}

variable "package" {
  description = "Path of the zip file with the code of functions/launch."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package: give an existing zip file, made by `make functions` (got: ${var.package})."
  }
}

variable "buckets" {
  description = "Buckets of the project: requests, ground truth and results are in data; baselines in models."
  type = object({
    data   = object({ name = string, arn = string })
    models = object({ name = string, arn = string })
  })
  nullable = false
}

variable "image_repository_arn" {
  description = "ARN of the repository of the train image, in which the job runs."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the job's volume and results, the function's environment, its log and its queue."
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

variable "pipelines" {
  description = "Names of the pipelines whose failures the dashboard shows."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "enabled" {
  description = "Whether the schedule runs; without it monitoring starts by hand only (mlops monitor)."
  type        = bool
  default     = true
  nullable    = false
}

variable "schedule" {
  description = "EventBridge Scheduler expression in UTC, for example cron(20 6 * * ? *); it monitors the newest whole window. Null: twenty minutes after each window, when its requests are written."
  type        = string
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(?:cron|rate)\\(.+\\)$", var.schedule))
    error_message = "schedule: use a cron(...) or rate(...) expression, for example cron(20 6 * * ? *) (got: ${var.schedule == null ? "null" : var.schedule})."
  }
}

variable "window" {
  description = "What one run looks at: hours (1, 2, 3, 4, 6 or 24, counted from midnight UTC: a job takes at most ten inputs), sampling_percentage of the captured requests (above 0 to 100), history_days for which answers wait for ground truth."
  type        = object({ hours = optional(number, 1), sampling_percentage = optional(number, 100), history_days = optional(number, 7) })
  default     = {}
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4, 6, 24], var.window.hours)
    error_message = "window: use hours of 1, 2, 3, 4, 6 or 24 (got: ${var.window.hours})."
  }

  validation {
    condition     = var.window.sampling_percentage > 0 && var.window.sampling_percentage <= 100
    error_message = "window: use sampling_percentage above 0 up to 100, for example 10 (got: ${var.window.sampling_percentage})."
  }

  validation {
    condition     = var.window.history_days >= 1 && var.window.history_days <= 90 && floor(var.window.history_days) == var.window.history_days
    error_message = "window: use history_days from 1 to 90, for example 7 (got: ${var.window.history_days})."
  }
}

variable "bad_windows" {
  description = "How many bad windows (bad) among how many (of) raise the alarms of drift and quality, which also start a training."
  type        = object({ bad = optional(number, 2), of = optional(number, 3) })
  default     = {}
  nullable    = false

  validation {
    condition     = var.bad_windows.bad >= 1 && var.bad_windows.of >= var.bad_windows.bad && floor(var.bad_windows.bad) == var.bad_windows.bad && floor(var.bad_windows.of) == var.bad_windows.of
    error_message = "bad_windows: use whole numbers, bad from 1 up and of at least as large, for example { bad = 2, of = 3 } (got: ${jsonencode(var.bad_windows)})."
  }

  validation {
    condition     = var.bad_windows.of * var.window.hours <= 168
    error_message = "bad_windows: CloudWatch looks back at most 7 days; of times window.hours must be at most 168 (got: ${var.bad_windows.of} times ${var.window.hours})."
  }
}

variable "machine" {
  description = "The job's machine: SageMaker instance type, volume in GB (all captured requests of a window are copied to it), and longest run in seconds."
  type = object({
    instance_type       = optional(string, "ml.m5.large")
    volume_size_gb      = optional(number, 30)
    max_runtime_seconds = optional(number, 3600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.machine.instance_type))
    error_message = "machine: use a SageMaker type, for example ml.m5.large (got: ${var.machine.instance_type})."
  }

  validation {
    condition     = var.machine.volume_size_gb >= 1 && var.machine.volume_size_gb <= 16384
    error_message = "machine: use volume_size_gb from 1 to 16384, for example 30 (got: ${var.machine.volume_size_gb})."
  }

  validation {
    condition     = var.machine.max_runtime_seconds >= 60 && var.machine.max_runtime_seconds <= 432000
    error_message = "machine: use max_runtime_seconds from 60 to 432000, for example 3600 (got: ${var.machine.max_runtime_seconds})."
  }
}

variable "network" {
  description = "Private subnets and security groups of jobs and function; they must reach ecr, kms, logs, monitoring, s3, sagemaker.api, ssm and xray. Null runs both outside a VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: give at least one subnet and one security group, or null for no VPC."
  }
}
