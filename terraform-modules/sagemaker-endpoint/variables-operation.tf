# How the endpoint is updated, scaled and watched; variables.tf says what it is.

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
