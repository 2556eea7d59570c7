variable "name" {
  description = "Globally unique name, for example salary-prediction-data-123456789012-eu-west-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name: use 3 to 63 lowercase letters, digits and hyphens, no dots, for example salary-prediction-data-123456789012-eu-west-1 (got: ${var.name})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts every object, and the only key that a put may name; null (SSE-S3) only for a bucket that receives access logs, because S3 cannot write those with a customer-managed key."
  type        = string
  default     = null
}

variable "receives_access_logs" {
  description = "Whether S3 may deliver the access logs of this account's buckets here."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.receives_access_logs || var.kms_key_arn == null
    error_message = "receives_access_logs: S3 cannot deliver access logs to a bucket with a customer-managed key, so leave kms_key_arn unset for a log bucket."
  }
}

variable "access_log_bucket" {
  description = "Name of the bucket that receives this bucket's access logs, under the prefix <name>/; null writes none."
  type        = string
  default     = null
}

variable "noncurrent_days" {
  description = "Days for which overwritten and deleted objects can be recovered."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days: use a whole number of days from 1 up, for example 30 (got: ${var.noncurrent_days})."
  }
}

variable "expirations" {
  description = "Days after which current objects under a prefix are deleted; the prefix \"\" is the whole bucket."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for days in values(var.expirations) : days >= 1 && floor(days) == days])
    error_message = "expirations: use whole numbers of days from 1 up, for example { \"checkpoints/\" = 30 }."
  }
}

variable "archive" {
  description = "For a data lake: moves objects under a prefix (\"\" is the whole bucket) to intelligent tiering at once, and those that nobody read for archive_days (90 to 730) and deep_archive_days (180 to 730) to the archive tiers, from which a read takes hours and fails until they are restored; null keeps all in Standard. For 80 TB: about 1840 USD a month in Standard, 80 USD in the deep archive."
  type        = object({ archive_days = number, deep_archive_days = number, prefix = optional(string, "") })
  default     = null

  validation {
    condition = var.archive == null ? true : (
      var.archive.archive_days >= 90 && var.archive.deep_archive_days >= 180 &&
      var.archive.archive_days < var.archive.deep_archive_days && var.archive.deep_archive_days <= 730
    )
    error_message = "archive: use archive_days from 90 and a larger deep_archive_days from 180 to 730, for example { archive_days = 90, deep_archive_days = 180 }."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes every object in it, for good."
  type        = bool
  default     = false
  nullable    = false
}
