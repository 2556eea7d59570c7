variable "project" {
  description = "Project slug; every resource is named <project>-<something>, for example salary-prediction."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.project)) && length(var.project) <= 20
    error_message = "project: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.project})."
  }
}

variable "name" {
  description = "What the pipeline does, for example train; the pipeline becomes <project>-<name>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "name: use 2 to 20 lowercase letters, digits and hyphens, for example train (got: ${var.name})."
  }
}

variable "stages" {
  description = <<-EOT
    Stages in their order, each with exactly one of source, build and approval; the first is the source.
    A build becomes the CodeBuild project <project>-<stage name> with a role of its own that may do what `policy` (JSON) says.
    `environment` is fixed; `variables` may hold references such as #{Package.TRAIN_IMAGE}. `namespace` publishes the build's exported
    variables. `privileged` (only to build images) gives the build a container engine; `reports` lets it keep the test reports that its
    buildspec declares. `timeout_minutes`: 5 to 2160.
    A stage whose `skip_when` variable has the given value is skipped.
  EOT
  type = list(object({
    name = string
    source = optional(object({
      provider      = string
      owner         = optional(string, "AWS")
      configuration = map(string)
      policy        = string
    }))
    build = optional(object({
      buildspec       = string
      policy          = optional(string)
      environment     = optional(map(string), {})
      variables       = optional(map(string), {})
      namespace       = optional(string)
      privileged      = optional(bool, false)
      reports         = optional(bool, false)
      timeout_minutes = optional(number, 60)
      compute_type    = optional(string, "BUILD_GENERAL1_MEDIUM")
    }))
    approval  = optional(object({ message = string }))
    skip_when = optional(object({ variable = string, equals = string }))
  }))
  nullable = false

  validation {
    condition     = length(var.stages) >= 2 && try(var.stages[0].source != null, false)
    error_message = "stages: give at least two, and make the first one the source."
  }

  validation {
    condition = alltrue([
      for stage in var.stages : length([for kind in [stage.source != null, stage.build != null, stage.approval != null] : kind if kind]) == 1
    ])
    error_message = "stages: give each stage exactly one of source, build and approval."
  }

  validation {
    condition     = alltrue([for stage in var.stages : can(regex("^[A-Za-z][A-Za-z0-9-]{1,29}$", stage.name))])
    error_message = "stages: use names of 2 to 30 letters, digits and hyphens, for example Deploy-prod (got: ${join(", ", var.stages[*].name)})."
  }

  validation {
    condition     = length(distinct([for stage in var.stages : lower(stage.name)])) == length(var.stages)
    error_message = "stages: give each stage a name of its own (got: ${join(", ", var.stages[*].name)})."
  }

  validation {
    condition     = length([for stage in var.stages : stage.name if try(stage.build.privileged, false)]) <= 1
    error_message = "stages: only the build that makes images may be privileged, so at most one (got: ${join(", ", [for stage in var.stages : stage.name if try(stage.build.privileged, false)])})."
  }

  validation {
    condition = alltrue([
      for stage in var.stages : stage.build == null ? true : stage.build.timeout_minutes >= 5 && stage.build.timeout_minutes <= 2160
    ])
    error_message = "stages: a build may take from 5 to 2160 minutes (36 hours), for example timeout_minutes = 60."
  }
}

variable "execution_mode" {
  description = "What happens to an execution that starts during another: QUEUED waits, SUPERSEDED overtakes those that wait between stages."
  type        = string
  default     = "QUEUED"
  nullable    = false

  validation {
    condition     = contains(["QUEUED", "SUPERSEDED"], var.execution_mode)
    error_message = "execution_mode: use QUEUED or SUPERSEDED (got: ${var.execution_mode})."
  }
}

variable "variables" {
  description = "Variables that whoever starts the pipeline may set, by name."
  type        = map(object({ default = string, description = string }))
  default     = {}
  nullable    = false
}

variable "triggers" {
  description = "EventBridge patterns (JSON) that start the pipeline, by a short name that becomes part of the rule's name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.triggers) : can(regex("^[a-z][a-z0-9-]{1,19}$", name))])
    error_message = "triggers: use names of 2 to 20 lowercase letters, digits and hyphens, for example source (got: ${join(", ", keys(var.triggers))})."
  }
}

variable "artifact_bucket" {
  description = "Bucket in which stages hand artifacts to each other, under a prefix that CodePipeline derives from the pipeline's name."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts artifacts, logs and undelivered events."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "topic_arn" {
  description = "SNS topic that is told of failed executions and waiting approvals; the topic must admit events.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "topic_arn: give the ARN of an SNS topic (got: ${var.topic_arn})."
  }
}

variable "network" {
  description = "Where builds run: a VPC, its private subnets and security groups, and whether a package index (NAT or CodeArtifact) can be reached from there. Null runs them outside a VPC."
  type        = object({ vpc_id = string, subnet_ids = list(string), security_group_ids = list(string), reaches_package_index = bool })
  default     = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: give at least one subnet and one security group, or null for no VPC."
  }

  validation {
    condition     = var.network == null ? true : var.network.reaches_package_index
    error_message = "network: builds install Python packages, so the network needs NAT, or CodeArtifact's endpoints (codeartifact.api and codeartifact.repositories)."
  }
}

variable "package_index" {
  description = "CodeArtifact repository, one that has PyPI as its upstream, from which builds install Python packages; null uses pip's own index."
  type        = object({ domain = string, repository = string })
  default     = null

  validation {
    condition     = var.package_index == null ? true : can(regex("^[a-z][a-z0-9-]{0,48}[a-z0-9]$", var.package_index.domain)) && can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$", var.package_index.repository))
    error_message = "package_index: give a domain and a repository of CodeArtifact, for example { domain = \"acme\", repository = \"pypi\" }."
  }
}

variable "build_image" {
  description = "CodeBuild image of every build; pin a dated one, so that a build of today can be repeated next year."
  type        = string
  default     = "aws/codebuild/standard:7.0-25.04.04"
  nullable    = false

  validation {
    condition     = can(regex("(?::[^:/]*[0-9]{2}\\.[0-9]{2}\\.[0-9]{2}|@sha256:[0-9a-f]{64})$", var.build_image))
    error_message = "build_image: pin a dated tag or a digest, for example aws/codebuild/standard:7.0-25.04.04 (got: ${var.build_image})."
  }
}

variable "log_retention_days" {
  description = "Days for which build logs are kept; one of the numbers that CloudWatch Logs allows."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: use a number that CloudWatch Logs allows, for example 90 or 365 (got: ${var.log_retention_days})."
  }
}
