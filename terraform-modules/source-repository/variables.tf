variable "name" {
  description = "Project slug: name of the CodeCommit repository, of the connection, or of the zip file in S3."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.name)) && length(var.name) <= 20
    error_message = "name: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.name})."
  }
}

variable "description" {
  description = "Description of the CodeCommit repository."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.description) <= 1000
    error_message = "description: use at most 1000 characters (got: ${length(var.description)})."
  }
}

variable "kind" {
  description = "Where the code lives: codecommit, github, gitlab, bitbucket (through a connection that a person completes once in the console), or s3 (a zip file)."
  type        = string
  default     = "codecommit"
  nullable    = false

  validation {
    condition     = contains(["codecommit", "github", "gitlab", "bitbucket", "s3"], var.kind)
    error_message = "kind: use codecommit, github, gitlab, bitbucket or s3 (got: ${var.kind})."
  }
}

variable "repository" {
  description = "owner/repository at GitHub, GitLab or Bitbucket; empty for the others."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["codecommit", "s3"], var.kind) || can(regex("^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+$", var.repository))
    error_message = "repository: a ${var.kind} source needs owner/repository, for example example-org/salary-prediction (got: \"${var.repository}\")."
  }

  validation {
    condition     = !contains(["codecommit", "s3"], var.kind) || var.repository == ""
    error_message = "repository: leave it empty for a ${var.kind} source, which is made here (got: \"${var.repository}\")."
  }
}

variable "branch" {
  description = "Branch whose commits are built."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$", var.branch))
    error_message = "branch: use a branch name, for example main (got: ${var.branch})."
  }
}

variable "bucket" {
  description = "Versioned bucket that holds source/<name>.zip; needed by an s3 source."
  type        = object({ name = string, arn = string })
  default     = null

  validation {
    condition     = var.kind != "s3" || var.bucket != null
    error_message = "bucket: an s3 source needs the bucket that holds its zip file, for example { name = \"my-artifacts\", arn = \"arn:...\" }."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the CodeCommit repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "approvals" {
  description = "People who must approve a pull request on the branch of a CodeCommit repository; 0 asks nobody."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.approvals >= 0 && var.approvals <= 10 && floor(var.approvals) == var.approvals
    error_message = "approvals: use a whole number from 0 to 10, for example 1 (got: ${var.approvals})."
  }
}
