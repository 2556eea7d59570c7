variable "project" {
  description = "Project slug; everything is called <project>-retrain, the parameter /<project>/retraining."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.project)) && length(var.project) <= 20
    error_message = "project: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.project})."
  }
}

variable "package" {
  description = "Path of the zip file with the function's code."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package: give an existing zip file, made by `make functions` (got: ${var.package})."
  }
}

variable "pipeline" {
  description = "The train pipeline: its name, and the minutes (10 to 10080) after which an execution that nobody ended no longer holds the lock; longer than its longest run."
  type        = object({ name = string, longest_minutes = number })
  nullable    = false

  validation {
    condition     = var.pipeline.longest_minutes >= 10 && var.pipeline.longest_minutes <= 10080
    error_message = "pipeline: use 10 to 10080 longest_minutes, for example { name = \"salary-prediction-train\", longest_minutes = 600 } (got: ${var.pipeline.longest_minutes})."
  }
}

variable "data_bucket" {
  description = "Bucket in which data arrives, under raw/; it must send its events to EventBridge."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "live_stage" {
  description = "Stage whose live model a candidate is compared with."
  type        = string
  default     = "prod"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.live_stage))
    error_message = "live_stage: use 2 to 8 lowercase letters and digits, for example prod (got: ${var.live_stage})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts table, queues, topic, schedules, log and environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "topic_arn" {
  description = "SNS topic that is told of events that could not be handled; it must admit cloudwatch.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "topic_arn: give the ARN of an SNS topic (got: ${var.topic_arn})."
  }
}

variable "arrival" {
  description = "When data counts as complete: kind manifest (an object _SUCCESS names all of it) or quiet-period (no new object for quiet_minutes, 1 to 1440)."
  type        = object({ kind = string, quiet_minutes = optional(number, 15) })
  default     = { kind = "manifest" }
  nullable    = false

  validation {
    condition     = contains(["manifest", "quiet-period"], var.arrival.kind)
    error_message = "arrival: use manifest or quiet-period as kind (got: ${var.arrival.kind})."
  }

  validation {
    condition     = var.arrival.quiet_minutes >= 1 && var.arrival.quiet_minutes <= 1440
    error_message = "arrival: use 1 to 1440 quiet_minutes, for example 15 (got: ${var.arrival.quiet_minutes})."
  }
}

variable "schedule" {
  description = "When training starts by itself: a cron or rate expression of EventBridge Scheduler and the time zone it is meant in; null for never."
  type        = object({ expression = string, time_zone = optional(string, "UTC") })
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(?:cron\\((?:[^ ]+ ){5}[^ ]+\\)|rate\\([1-9][0-9]* (?:minute|hour|day)s?\\))$", var.schedule.expression))
    error_message = "schedule: use cron(minutes hours day month weekday year) or rate(value unit), for example cron(0 6 ? * MON *) (got: ${try(var.schedule.expression, "null")})."
  }
}

variable "alarm_arns" {
  description = "CloudWatch alarms of drift or quality that start a training when they go off."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_arns : can(regex("^arn:[a-z-]+:cloudwatch:.+:alarm:.+$", arn))])
    error_message = "alarm_arns: give ARNs of CloudWatch alarms, not names (got: ${join(", ", var.alarm_arns)})."
  }
}

variable "cool_down_minutes" {
  description = "Minutes (0 to 10080) between the end of one run and the next that no person asked for."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.cool_down_minutes >= 0 && var.cool_down_minutes <= 10080
    error_message = "cool_down_minutes: use 0 to 10080 minutes, for example 60 (got: ${var.cool_down_minutes})."
  }
}

variable "daily_cap" {
  description = "Trainings (1 to 100) that may start in a day (UTC), whoever asks; times the longest run it is the most that a day can cost."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.daily_cap >= 1 && var.daily_cap <= 100 && floor(var.daily_cap) == var.daily_cap
    error_message = "daily_cap: use a whole number from 1 to 100, for example 4 (got: ${var.daily_cap})."
  }
}

variable "log_retention_days" {
  description = "Days for which decisions are kept in the log; one of the numbers that CloudWatch Logs allows."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: use a number that CloudWatch Logs allows, for example 90 or 365 (got: ${var.log_retention_days})."
  }
}

variable "network" {
  description = "Private subnets and security groups in which the function runs; they must reach codepipeline, dynamodb, ssm and xray. Null runs it outside a VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: give at least one subnet and one security group, or null for no VPC."
  }
}
