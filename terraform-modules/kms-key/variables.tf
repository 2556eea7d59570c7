variable "name" {
  description = "Project slug; the alias becomes alias/<name>, for example salary-prediction."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.name)) && length(var.name) <= 20
    error_message = "name: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.name})."
  }
}

variable "publishers" {
  description = "AWS services that may use the key to publish to encrypted topics and queues, only on behalf of this account."
  type        = set(string)
  default     = ["budgets", "cloudwatch", "costalerts", "events"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.publishers : can(regex("^[a-z][a-z0-9-]*$", service))])
    error_message = "publishers: use short service names, for example events (got: ${join(", ", var.publishers)})."
  }
}

variable "deletion_window_in_days" {
  description = "Days (7 to 30) in which a scheduled deletion can be cancelled; after them, everything the key encrypted is lost."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30
    error_message = "deletion_window_in_days: use 7 to 30 days, for example 30 (got: ${var.deletion_window_in_days})."
  }
}
