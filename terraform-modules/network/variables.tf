variable "name" {
  description = "Project slug; begins the name of everything in the network, for example salary-prediction."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.name)) && length(var.name) <= 20
    error_message = "name: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.name})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow log."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "cidr" {
  description = "Private IPv4 range of the network, /16 to /24; each subnet gets a sixteenth. It can never be changed, and must not overlap networks that are ever to be connected."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition = (
      can(cidrhost(var.cidr, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.).*/(1[6-9]|2[0-4])$", var.cidr))
    )
    error_message = "cidr: use a private IPv4 range between /16 and /24, for example 10.20.0.0/16 (got: ${var.cidr})."
  }
}

variable "zone_count" {
  description = "Availability zones (2 or 3) with a subnet each; every interface endpoint costs its hourly price once per zone."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count: use 2 or 3, for example 2 (got: ${var.zone_count})."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached from inside, as the end of com.amazonaws.<region>.<service>, or as a whole name where a region has another one (cn.com.amazonaws.…); each costs about 8 USD a month and zone. What is missing here is unreachable without NAT."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime", "ssm", "sts"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9-]+(?:\\.[a-z0-9-]+)*$", service))])
    error_message = "interface_endpoints: use the service part of endpoint names, for example sagemaker.runtime (got: ${join(", ", var.interface_endpoints)})."
  }

  validation {
    condition     = length(setintersection(var.interface_endpoints, ["dynamodb", "s3"])) == 0
    error_message = "interface_endpoints: leave out s3 and dynamodb, whose gateway endpoints are always there and free (got: ${join(", ", var.interface_endpoints)})."
  }
}

variable "nat" {
  description = "Whether workloads may open TLS connections to the internet, through one NAT gateway (about 35 USD a month, and 0.05 USD a GB); without it only the endpoints are reachable."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which the flow log is kept; one of the numbers that CloudWatch Logs allows."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: use a number that CloudWatch Logs allows, for example 90 or 365 (got: ${var.log_retention_days})."
  }
}
