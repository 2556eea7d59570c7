variable "name" {
  description = "Name of the notebook instance, for example salary-prediction-notebook."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9](?:-*[a-zA-Z0-9])*$", var.name)) && length(var.name) <= 55
    error_message = "name: use at most 55 letters, digits and hyphens (its schedule adds \"-evening\"), for example salary-prediction-notebook (got: ${var.name})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the volume, the schedule and its refusals."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "network" {
  description = "Private subnets and security groups; the instance lives in the first subnet and reaches only what the network reaches."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  nullable    = false

  validation {
    condition     = length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: a notebook has no internet of its own, so give at least one subnet and one security group, for example from the module network."
  }
}

variable "policy" {
  description = "IAM policy document, as JSON, of what the notebook may do; run_policy of sagemaker-training starts safe jobs and denies the others. Null permits nothing but stopping."
  type        = string
  default     = null

  validation {
    condition     = var.policy == null ? true : can(jsondecode(var.policy).Statement)
    error_message = "policy: give a policy document as JSON, for example module.training.run_policy."
  }
}

variable "instance_type" {
  description = "Instance type, paid for every hour that it runs."
  type        = string
  default     = "ml.t3.medium"
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type: use a SageMaker type, for example ml.t3.medium or ml.g5.2xlarge (got: ${var.instance_type})."
  }
}

variable "volume_size_gb" {
  description = "Size in GB (5 to 16384) of the volume, which keeps files while the instance is stopped; it can grow, never shrink."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.volume_size_gb >= 5 && var.volume_size_gb <= 16384 && floor(var.volume_size_gb) == var.volume_size_gb
    error_message = "volume_size_gb: use a whole number of GB from 5 to 16384, for example 50 (got: ${var.volume_size_gb})."
  }
}

variable "platform" {
  description = "Operating system and JupyterLab of the instance: notebook-al2-v3 or a newer one; older ones get no updates."
  type        = string
  default     = "notebook-al2-v3"
  nullable    = false

  validation {
    condition     = can(regex("^notebook-(?:al2-v(?:[3-9]|[1-9][0-9])|al20[2-9][0-9]-v[0-9]+)$", var.platform))
    error_message = "platform: use notebook-al2-v3 or newer, for example notebook-al2-v3 (got: ${var.platform})."
  }
}

variable "idle_minutes" {
  description = "Minutes (10 to 1440) without a busy kernel or a used terminal after which the instance stops itself."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.idle_minutes >= 10 && var.idle_minutes <= 1440 && floor(var.idle_minutes) == var.idle_minutes
    error_message = "idle_minutes: use a whole number from 10 to 1440, for example 60 (got: ${var.idle_minutes})."
  }
}

variable "evening" {
  description = "When the instance is stopped whatever it does: a schedule expression and the time zone that it is in."
  type        = object({ schedule = optional(string, "cron(0 20 * * ? *)"), timezone = optional(string, "UTC") })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^cron\\((?:[^\\s()]+ ){5}[^\\s()]+\\)$", var.evening.schedule))
    error_message = "evening: use a cron expression of six fields, for example { schedule = \"cron(0 20 * * ? *)\", timezone = \"Europe/Berlin\" } (got: ${var.evening.schedule})."
  }
}

variable "code_repository" {
  description = "HTTPS address of the git repository that JupyterLab opens, reachable from the network; null opens an empty folder."
  type        = string
  default     = null

  validation {
    condition     = var.code_repository == null ? true : startswith(var.code_repository, "https://")
    error_message = "code_repository: SageMaker takes HTTPS addresses only, for example https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/salary-prediction (got: ${coalesce(var.code_repository, "null")})."
  }
}
