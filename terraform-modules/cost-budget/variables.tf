variable "name" {
  description = "Name of the budget, for example salary-prediction-monthly."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^:\\\\]{1,100}$", var.name))
    error_message = "name: use at most 100 characters without : and \\, for example salary-prediction-monthly (got: ${var.name})."
  }
}

variable "monthly_usd" {
  description = "US dollars a month that the tagged resources may cost before somebody is told; nothing is switched off."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_usd > 0
    error_message = "monthly_usd: use an amount above 0, for example 200 (got: ${var.monthly_usd})."
  }
}

variable "cost_tag" {
  description = "Cost-allocation tag whose spending counts; it must be activated once per account, until then the budget sees nothing."
  type        = object({ key = string, value = string })
  nullable    = false

  validation {
    condition     = length(var.cost_tag.key) > 0 && length(var.cost_tag.value) > 0
    error_message = "cost_tag: give a key and a value, for example { key = \"project\", value = \"salary-prediction\" }."
  }
}

variable "topic_arn" {
  description = "SNS topic that receives the alerts."
  type        = string
  nullable    = false
}

variable "stop" {
  description = "Whom 100 % of actual spending tells instead of topic_arn: a topic whose subscriber stops what costs money, and an address that Budgets writes to itself; null tells topic_arn."
  type        = object({ topic_arn = string, email = string })
  default     = null
}
