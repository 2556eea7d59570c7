# Their values are in terraform.auto.tfvars.json, which is meant to be edited.

variable "project_slug" {
  description = "Short name that begins every resource's name; changing it makes everything anew."
  type        = string
  nullable    = false
}

variable "project_name" {
  description = "Name of the project for people."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the project predicts, in a sentence."
  type        = string
  nullable    = false
}

variable "owner_email" {
  description = "Address that is told of failures, waiting approvals, alarms and spending; also the owner tag."
  type        = string
  nullable    = false
}

variable "region" {
  description = "AWS region of everything, for example eu-west-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,4}(?:-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: use an AWS region, for example eu-west-1 (got: ${var.region})."
  }
}

variable "source_code" {
  description = "Where the code lives: kind codecommit, github, gitlab, bitbucket or s3; repository is owner/repository for the middle three."
  type        = object({ kind = string, repository = optional(string, "") })
  nullable    = false
}

variable "branch" {
  description = "Branch whose commits are built."
  type        = string
  default     = "main"
  nullable    = false
}

variable "training" {
  description = "Training jobs: instance types in order of preference, number of instances, spare (spot) capacity, longest run and longest wait for spot capacity in seconds, volume in GB."
  type = object({
    instance_types      = list(string)
    instance_count      = optional(number, 1)
    use_spot            = optional(bool, false)
    max_runtime_seconds = optional(number, 14400)
    max_wait_seconds    = optional(number, 28800)
    volume_size_gb      = optional(number, 50)
  })
  nullable = false
}

variable "endpoint" {
  description = "Endpoint of every stage. instance_type and instance_count count for real-time and asynchronous endpoints, memory_mb and max_concurrency for serverless ones, capture_percentage for real-time ones."
  type = object({
    kind               = string
    instance_type      = optional(string)
    instance_count     = optional(number, 1)
    memory_mb          = optional(number, 2048)
    max_concurrency    = optional(number, 5)
    capture_percentage = optional(number, 100)
  })
  nullable = false
}

variable "stages" {
  description = "Stages in the order of a release; the last one is production."
  type        = list(string)
  default     = ["prod"]
  nullable    = false

  validation {
    condition     = contains(["prod", "staging,prod"], join(",", var.stages))
    error_message = "stages: use [\"prod\"] or [\"staging\", \"prod\"] (got: ${jsonencode(var.stages)})."
  }
}

variable "model_approval" {
  description = "Who approves a model that passed the gate: manual (a person) or automatic (the gate alone; with two stages a person still approves before prod)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["manual", "automatic"], var.model_approval)
    error_message = "model_approval: use manual or automatic (got: ${var.model_approval})."
  }
}

variable "monthly_budget_usd" {
  description = "US dollars a month above which the owner is told; nothing is switched off."
  type        = number
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `make destroy` may delete data, models and images that are still there, for good."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "More tags for every resource, for example { cost-centre = \"4711\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}
