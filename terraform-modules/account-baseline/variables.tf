variable "name" {
  description = "Begins the names; the state bucket becomes <name>-state-<account>-<region>. Projects look for the default."
  type        = string
  default     = "mlops"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.name)) && length(var.name) <= 20
    error_message = "name: use 3 to 20 lowercase letters, digits and single hyphens, for example mlops (got: ${var.name})."
  }
}

variable "log_retention_days" {
  description = "Days for which the logs of jobs and notebooks are kept; one of the numbers that CloudWatch Logs allows."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: use a number that CloudWatch Logs allows, for example 90 or 365 (got: ${var.log_retention_days})."
  }
}

variable "service_linked_roles" {
  description = "AWS services that get their own role in this account, for example for endpoints that scale; once per account, so empty it in the account's second region."
  type        = set(string)
  default     = ["sagemaker.application-autoscaling.amazonaws.com"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.service_linked_roles : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com(?:\\.cn)?$", service))])
    error_message = "service_linked_roles: use service names, for example sagemaker.application-autoscaling.amazonaws.com (got: ${join(", ", var.service_linked_roles)})."
  }
}

variable "cost_allocation_tags" {
  description = "Tags by which the bill can be split. AWS knows a tag only a day after its first use, and in an organization only the management account may activate it."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.cost_allocation_tags : can(regex("^[A-Za-z0-9_.:/=+@-]{1,128}$", tag))])
    error_message = "cost_allocation_tags: use tag keys, for example [\"project\", \"stage\", \"owner\", \"cost-centre\"] (got: ${join(", ", var.cost_allocation_tags)})."
  }
}

variable "anomalies" {
  description = "Who is told once a day, by e-mail, of services that cost so many US dollars more than their history says; null watches nothing. An account may have one such monitor."
  type        = object({ email = string, usd = number })
  default     = null

  validation {
    condition     = var.anomalies == null ? true : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.anomalies.email)) && var.anomalies.usd > 0
    error_message = "anomalies: give an address and an amount above 0, for example { email = \"ml-team@example.com\", usd = 50 }."
  }
}

variable "force_destroy" {
  description = "Whether destroying the baseline also deletes every project's Terraform state, for good."
  type        = bool
  default     = false
  nullable    = false
}
