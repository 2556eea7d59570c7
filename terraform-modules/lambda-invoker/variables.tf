variable "name" {
  description = "Name of the function, for example salary-prediction-prod-invoke."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,54}$", var.name))
    error_message = "name: use at most 54 letters, digits, - and _ (its role adds \"-function\"), for example salary-prediction-prod-invoke (got: ${var.name})."
  }
}

variable "package" {
  description = "Path of the zip file with the handler's code."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package: give an existing zip file, made by `make functions` (got: ${var.package})."
  }
}

variable "endpoint" {
  description = "The only endpoint that the function may invoke: its name, ARN and kind."
  type        = object({ name = string, arn = string, kind = string })
  nullable    = false

  validation {
    condition     = contains(["real-time", "serverless", "asynchronous"], var.endpoint.kind)
    error_message = "endpoint: use real-time, serverless or asynchronous as kind (got: ${var.endpoint.kind})."
  }
}

variable "input" {
  description = "Where an asynchronous endpoint's requests are put: S3 address and ARN pattern; null for other kinds."
  type        = object({ uri = string, arn = string })
  default     = null

  validation {
    condition     = (var.input != null) == (var.endpoint.kind == "asynchronous")
    error_message = "input: give it for an asynchronous endpoint only, for example { uri = \"s3://my-data/asynchronous/prod/input/\", arn = \"arn:...\" }."
  }
}

variable "network" {
  description = "Private subnets and security groups in which the function runs; they must reach sagemaker.runtime, kms and xray. Null runs it outside a VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: give at least one subnet and one security group, or null for no VPC."
  }
}

variable "capture" {
  description = "Where requests and answers are copied for monitoring (S3 address and ARN pattern), and which percentage of them; null for real-time endpoints, which SageMaker captures for."
  type        = object({ uri = string, arn = string, percentage = number })
  default     = null

  validation {
    condition     = var.capture == null ? true : var.endpoint.kind != "real-time" && var.capture.percentage > 0 && var.capture.percentage <= 100
    error_message = "capture: give it for serverless and asynchronous endpoints only, with a percentage above 0 up to 100, for example { uri = \"s3://my-data/capture/prod/e/AllTraffic/\", arn = \"arn:...\", percentage = 100 }."
  }
}

variable "environment" {
  description = "More environment variables of the function, for its handler's own settings; no secrets."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name)) && !can(regex("^(AWS|ENDPOINT|INPUT|CAPTURE)_", name))])
    error_message = "environment: use names in capitals that do not begin with AWS_, ENDPOINT_, INPUT_ or CAPTURE_, for example { PRETRAINED = \"true\" } (got: ${join(", ", keys(var.environment))})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the function's environment, its log and its failed events."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "timeout_seconds" {
  description = "Seconds (1 to 900) after which a call is given up; SageMaker itself answers within 60."
  type        = number
  default     = 65
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds: use 1 to 900, for example 65 (got: ${var.timeout_seconds})."
  }
}

variable "reserved_concurrency" {
  description = "Calls that run at the same time at most, taken out of the account's total (10 in a new account); null reserves nothing and sets no limit of its own."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency: use a whole number from 1 up or null (got: ${var.reserved_concurrency == null ? "null" : var.reserved_concurrency})."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept; one of the numbers that CloudWatch Logs allows."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: use a number that CloudWatch Logs allows, for example 90 or 365 (got: ${var.log_retention_days})."
  }
}

variable "tags" {
  description = "Tags beside the provider's default ones, for example { stage = \"prod\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}
