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
  description = "Stage whose live model answers, for example prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.stage))
    error_message = "stage: use 2 to 8 lowercase letters and digits, for example prod (got: ${var.stage})."
  }
}

variable "launcher" {
  description = "Output launcher of module model-monitoring: the function that starts the jobs."
  type        = object({ name = string, arn = string, role_name = string, scheduler_role_arn = string, dead_letter_arn = string })
  nullable    = false
}

variable "model_role_name" {
  description = "Name of the role that the stage's models have (module sagemaker-endpoint); it may then read inputs and write outputs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.model_role_name))
    error_message = "model_role_name: give the name of a role, not its ARN, for example salary-prediction-prod-endpoint (got: ${var.model_role_name})."
  }
}

variable "data_bucket" {
  description = "Bucket of inputs and outputs; for on_arrival it must send its events to EventBridge."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts volumes and outputs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "topic_arn" {
  description = "SNS topic that is told of a failed job; it must admit cloudwatch.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "topic_arn: give the ARN of an SNS topic (got: ${var.topic_arn})."
  }
}

variable "schedule" {
  description = "EventBridge Scheduler expression and time zone, for example cron(0 2 * * ? *) in Europe/Madrid; null starts nothing by time."
  type        = object({ expression = string, time_zone = optional(string, "UTC") })
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(?:cron|rate)\\(.+\\)$", var.schedule.expression))
    error_message = "schedule: use a cron(...) or rate(...) expression, for example cron(0 2 * * ? *) (got: ${try(var.schedule.expression, "null")})."
  }
}

variable "on_arrival" {
  description = "Whether a new file starts a job at once; what arrives while one runs is taken up after it."
  type        = bool
  default     = false
  nullable    = false
}

variable "machines" {
  description = "SageMaker instance type and number of instances of a job; they are paid only while it runs."
  type        = object({ instance_type = optional(string, "ml.m5.large"), instance_count = optional(number, 1) })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.machines.instance_type))
    error_message = "machines: use a SageMaker type, for example ml.m5.large (got: ${var.machines.instance_type})."
  }

  validation {
    condition     = var.machines.instance_count >= 1 && var.machines.instance_count <= 20 && floor(var.machines.instance_count) == var.machines.instance_count
    error_message = "machines: use an instance_count from 1 to 20, for example 1 (got: ${var.machines.instance_count})."
  }
}

variable "files" {
  description = "Inputs: content_type that the endpoint takes (application/json, text/csv, application/pdf, ...), accept that its answers have (application/json, text/csv, or what its handler writes beside them), largest size in MB (a file is one request, at most 100), and how many of them a model answers at the same time."
  type        = object({ content_type = optional(string, "application/json"), accept = optional(string, "application/json"), max_mb = optional(number, 20), concurrent = optional(number, 4) })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+/[a-z0-9.+-]{1,64}$", var.files.content_type))
    error_message = "files: content_type must be a media type that the endpoint takes, for example application/json or application/pdf (got: ${var.files.content_type})."
  }

  validation {
    condition     = can(regex("^[a-z]+/[a-z0-9.+-]{1,64}$", var.files.accept))
    error_message = "files: accept must be a media type that the endpoint writes, for example application/json or application/vnd.apache.parquet (got: ${var.files.accept})."
  }

  validation {
    condition     = var.files.max_mb >= 1 && var.files.max_mb <= 100 && floor(var.files.max_mb) == var.files.max_mb
    error_message = "files: use max_mb from 1 to 100, for example 20 (got: ${var.files.max_mb})."
  }

  validation {
    condition     = var.files.concurrent >= 1 && var.files.concurrent * var.files.max_mb <= 100
    error_message = "files: SageMaker holds at most 100 MB at a time; concurrent times max_mb must be at most that (got: ${var.files.concurrent} times ${var.files.max_mb})."
  }
}
