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

variable "anomaly_usd" {
  description = "US dollars a day more than the project's own history from which an anomaly is told at once; null watches none. The tag must be active as a cost-allocation tag first (module account-baseline), or AWS refuses the monitor."
  type        = number
  default     = null

  validation {
    condition     = var.anomaly_usd == null ? true : var.anomaly_usd > 0
    error_message = "anomaly_usd: use an amount above 0, for example 20, or null (got: ${var.anomaly_usd == null ? "null" : var.anomaly_usd})."
  }
}

variable "topic_arn" {
  description = "SNS topic that receives the alerts; it must admit budgets.amazonaws.com and, for anomalies, costalerts.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "topic_arn: give the ARN of an SNS topic (got: ${var.topic_arn})."
  }
}

variable "stop" {
  description = "Whom 100 % of actual spending tells instead of topic_arn: a topic whose subscriber stops what costs money, and an address that Budgets writes to itself; null tells topic_arn."
  type        = object({ topic_arn = string, email = string })
  default     = null
}
