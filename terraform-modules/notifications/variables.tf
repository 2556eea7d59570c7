variable "name" {
  description = "Name of the topic, for example salary-prediction-notifications."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,256}$", var.name))
    error_message = "name: use letters, digits, - and _, for example salary-prediction-notifications (got: ${var.name})."
  }
}

variable "email" {
  description = "Address that receives the messages; AWS asks it once to confirm the subscription."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.email))
    error_message = "email: use one address, for example ml-team@example.com (got: ${var.email})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the messages; its policy must admit the publishers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "publishers" {
  description = "AWS services that may publish, only on behalf of this account."
  type        = set(string)
  default     = ["budgets", "cloudwatch", "costalerts", "events"]
  nullable    = false

  validation {
    condition     = length(var.publishers) > 0
    error_message = "publishers: name at least one service, for example events."
  }
}
