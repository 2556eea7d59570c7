variable "project" {
  description = "Project slug; names the image repository, the model package group and the parameter /<project>/training."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](?:-?[a-z0-9]){2,}$", var.project)) && length(var.project) <= 20
    error_message = "project: use 3 to 20 lowercase letters, digits and single hyphens, for example salary-prediction (got: ${var.project})."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts images, volumes, snapshots, models and checkpoints."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a key, not its alias or id (got: ${var.kms_key_arn})."
  }
}

variable "buckets" {
  description = "Buckets of the project: jobs read snapshots from data, write to models; artifacts is passed on to the pipeline."
  type = object({
    data      = object({ name = string, arn = string })
    models    = object({ name = string, arn = string })
    artifacts = object({ name = string, arn = string })
  })
  nullable = false
}

variable "instance_types" {
  description = "Instance types in order of preference; the next one is tried when AWS has no capacity for the one before."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.instance_types) > 0 && alltrue([for type in var.instance_types : can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", type))])
    error_message = "instance_types: give at least one SageMaker type, for example [\"ml.g5.2xlarge\", \"ml.g4dn.2xlarge\"] (got: ${jsonencode(var.instance_types)})."
  }
}

variable "instance_count" {
  description = "Instances that train together."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.instance_count >= 1 && var.instance_count <= 100 && floor(var.instance_count) == var.instance_count
    error_message = "instance_count: use a whole number from 1 to 100, for example 1 (got: ${var.instance_count})."
  }
}

variable "input_mode" {
  description = "How a snapshot comes to an instance: File copies it before training starts, so the volume must hold it; FastFile streams what is read from S3, so training starts at once."
  type        = string
  default     = "File"
  nullable    = false

  validation {
    condition     = contains(["File", "FastFile"], var.input_mode)
    error_message = "input_mode: use File or FastFile (got: ${var.input_mode})."
  }
}

variable "data_distribution" {
  description = "What each of several instances gets of a snapshot: all files (FullyReplicated) or its share of them (ShardedByS3Key)."
  type        = string
  default     = "FullyReplicated"
  nullable    = false

  validation {
    condition     = contains(["FullyReplicated", "ShardedByS3Key"], var.data_distribution)
    error_message = "data_distribution: use FullyReplicated or ShardedByS3Key (got: ${var.data_distribution})."
  }
}

variable "max_runtime_seconds" {
  description = "Seconds after which a job is stopped, 60 to 432000 (five days); the upper bound of what one job costs."
  type        = number
  default     = 14400
  nullable    = false

  validation {
    condition     = var.max_runtime_seconds >= 60 && var.max_runtime_seconds <= 432000
    error_message = "max_runtime_seconds: use 60 to 432000 seconds, for example 14400 (got: ${var.max_runtime_seconds})."
  }
}

variable "spot" {
  description = "Train on spare capacity, up to 90 % cheaper, resuming from checkpoints; max_wait_seconds bounds waiting and training together. Null uses on-demand capacity."
  type        = object({ max_wait_seconds = number })
  default     = null

  validation {
    condition     = var.spot == null ? true : var.spot.max_wait_seconds >= var.max_runtime_seconds
    error_message = "spot: max_wait_seconds includes the training itself, so use at least max_runtime_seconds (${var.max_runtime_seconds}) (got: ${try(var.spot.max_wait_seconds, 0)})."
  }
}

variable "warm_pool_seconds" {
  description = "Seconds (0 to 3600) for which instances are kept, and paid, after a job, so that a next one within that time starts without waiting; 0 keeps none. Spot instances cannot be kept."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.warm_pool_seconds >= 0 && var.warm_pool_seconds <= 3600 && floor(var.warm_pool_seconds) == var.warm_pool_seconds
    error_message = "warm_pool_seconds: use a whole number of seconds from 0 to 3600, for example 1800 (got: ${var.warm_pool_seconds})."
  }

  validation {
    condition     = var.warm_pool_seconds == 0 || var.spot == null
    error_message = "warm_pool_seconds: AWS keeps no spot instances warm; use 0, or on-demand capacity (spot = null) (got: ${var.warm_pool_seconds} with spot)."
  }
}

variable "volume_size_gb" {
  description = "Size in GB (1 to 16384) of each instance's volume; types with a local disk of their own ignore it."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.volume_size_gb >= 1 && var.volume_size_gb <= 16384
    error_message = "volume_size_gb: use 1 to 16384 GB, for example 50 (got: ${var.volume_size_gb})."
  }
}

variable "network" {
  description = "Private subnets and security groups in which jobs run; null runs them outside a VPC, isolated from every network all the same."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "network: give at least one subnet and one security group, or null for no VPC."
  }
}

variable "preprocessing" {
  description = "Machines of preprocessing jobs, which turn files under unprocessed/ of the data bucket into a delivery under raw/; null: there are none, and no job may read or write there. volume_size_gb is of each machine and must hold its share of the files and of the results."
  type        = object({ instance_type = string, instance_count = number, volume_size_gb = number, max_runtime_seconds = number })
  default     = null

  validation {
    condition     = var.preprocessing == null ? true : can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.preprocessing.instance_type)) && var.preprocessing.instance_count >= 1 && var.preprocessing.instance_count <= 100
    error_message = "preprocessing: use 1 to 100 instances of a SageMaker type, for example ml.m5.2xlarge (got: ${try(var.preprocessing.instance_count, 0)} x ${try(var.preprocessing.instance_type, "none")})."
  }

  validation {
    condition     = var.preprocessing == null ? true : var.preprocessing.volume_size_gb >= 1 && var.preprocessing.volume_size_gb <= 16384 && var.preprocessing.max_runtime_seconds >= 60 && var.preprocessing.max_runtime_seconds <= 432000
    error_message = "preprocessing: use 1 to 16384 GB and 60 to 432000 seconds, for example 100 and 86400 (got: ${try(var.preprocessing.volume_size_gb, 0)} GB, ${try(var.preprocessing.max_runtime_seconds, 0)} s)."
  }
}

variable "release" {
  description = "How a good model goes on: the stages in order, the pipeline that releases, whether a person (manual) or the gate alone (automatic) approves a package, and the image, with its environment, that packages name instead of the one that the pipeline builds (serving; null: that one)."
  type = object({
    stages   = list(string)
    pipeline = string
    approval = string
    serving  = optional(object({ image = string, environment = optional(map(string), {}) }))
  })
  nullable = false

  validation {
    condition     = length(var.release.stages) > 0 && contains(["manual", "automatic"], var.release.approval)
    error_message = "release: give at least one stage, and manual or automatic as approval, for example { stages = [\"prod\"], pipeline = \"salary-prediction-release\", approval = \"manual\" }."
  }
}

variable "force_destroy" {
  description = "Whether destroying the image repository also deletes its images, and with them every release that could be rolled back to."
  type        = bool
  default     = false
  nullable    = false
}
