# Their values are in terraform.auto.tfvars.json, which is meant to be edited.

variable "project_slug" {
  description = "Short name that begins every resource's name; changing it makes everything anew."
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
  description = "Where the code lives: kind codecommit, github, gitlab, bitbucket or s3; repository is owner/repository for the middle three; approvals is how many people must approve a pull request in CodeCommit."
  type        = object({ kind = string, repository = optional(string, ""), approvals = optional(number, 1) })
  nullable    = false
}

variable "branch" {
  description = "Branch whose commits are built."
  type        = string
  default     = "main"
  nullable    = false
}

variable "network" {
  description = <<-EOT
    Where jobs, endpoints and functions run. kind: none (outside a VPC), new (a network of the project's own: cidr, zone_count, nat) or
    existing (vpc_id, subnet_ids, security_group_ids). `builds` moves the builds inside too; these install Python packages, through `nat` or
    from a CodeArtifact repository that reaches PyPI (package_index).
  EOT
  type = object({
    kind               = string
    cidr               = optional(string, "10.20.0.0/16")
    zone_count         = optional(number, 2)
    vpc_id             = optional(string)
    subnet_ids         = optional(list(string), [])
    security_group_ids = optional(list(string), [])
    builds             = optional(bool, false)
    nat                = optional(bool, false)
    package_index      = optional(object({ domain = string, repository = string }))
  })
  default  = { kind = "none" }
  nullable = false

  validation {
    condition     = contains(["none", "new", "existing"], var.network.kind)
    error_message = "network: use none, new or existing as kind (got: ${var.network.kind})."
  }

  validation {
    condition = var.network.kind != "existing" || (
      can(regex("^vpc-", var.network.vpc_id)) && length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    )
    error_message = "network: an existing one needs vpc_id, subnet_ids and security_group_ids, for example { \"kind\": \"existing\", \"vpc_id\": \"vpc-0a1b\", \"subnet_ids\": [\"subnet-0a1b\"], \"security_group_ids\": [\"sg-0a1b\"] }."
  }

  validation {
    condition     = !var.network.builds || var.network.kind != "none"
    error_message = "network: builds cannot run inside without a network; use kind new or existing, or builds = false."
  }

  validation {
    condition     = !var.network.builds || var.network.nat || var.network.package_index != null
    error_message = "network: builds inside install Python packages, so they need nat = true or a package_index, for example { \"domain\": \"acme\", \"repository\": \"pypi\" }."
  }
}

variable "notebook" {
  description = "A notebook instance in the network: its type, volume in GB, minutes after which it stops when idle, and when it stops every evening. Null makes none."
  type = object({
    instance_type  = string
    volume_size_gb = optional(number, 50)
    idle_minutes   = optional(number, 60)
    evening        = optional(object({ schedule = optional(string, "cron(0 20 * * ? *)"), timezone = optional(string, "UTC") }), {})
  })
  default = null

  validation {
    condition     = var.notebook == null || var.network.kind != "none"
    error_message = "notebook: it has no internet of its own, so it needs a network; use network kind new or existing, or notebook null."
  }
}

variable "training" {
  description = "Training jobs: instance types in order of preference, number of instances, how data comes to them (input_mode File or FastFile; data_distribution FullyReplicated or ShardedByS3Key), spare (spot) capacity, seconds for which on-demand instances are kept for a next job, longest run and longest wait for spot capacity in seconds, volume in GB."
  type = object({
    instance_types      = list(string)
    instance_count      = optional(number, 1)
    input_mode          = optional(string, "File")
    data_distribution   = optional(string, "FullyReplicated")
    use_spot            = optional(bool, false)
    warm_pool_seconds   = optional(number, 0)
    max_runtime_seconds = optional(number, 14400)
    max_wait_seconds    = optional(number, 28800)
    volume_size_gb      = optional(number, 50)
  })
  nullable = false
}

variable "preprocessing" {
  description = "Heavy preprocessing of files under unprocessed/ of the data bucket (python -m pipelines.preprocess); null is off. instance_count machines share the files; the volume of each, in GB, must hold its share of them and of the results; max_runtime_seconds ends a job."
  type = object({
    instance_type       = optional(string, "ml.m5.2xlarge")
    instance_count      = optional(number, 1)
    volume_size_gb      = optional(number, 100)
    max_runtime_seconds = optional(number, 86400)
  })
  default = null
}

variable "endpoint" {
  description = <<-EOT
    Endpoint of every stage. instance_type, instance_count, traffic_shift and autoscaling count for real-time and asynchronous endpoints, memory_mb
    and max_concurrency for serverless ones, capture_percentage for real-time ones; Verify and an alarm hold latency_ms. What each means: modules/sagemaker-endpoint/README.md.
  EOT
  type = object({
    kind               = string
    instance_type      = optional(string)
    instance_count     = optional(number, 1)
    memory_mb          = optional(number, 2048)
    max_concurrency    = optional(number, 5)
    capture_percentage = optional(number, 100)
    traffic_shift      = optional(object({ kind = string, percent = optional(number), wait_seconds = optional(number, 300) }))
    autoscaling        = optional(object({ min_capacity = number, max_capacity = number, invocations_per_instance = number }))
    latency_ms         = optional(number, 5000)
    alarms = optional(object({
      error_percent       = optional(number, 1)
      model_error_percent = optional(number, 5)
      least_model_errors  = optional(number, 3)
      custom = optional(object({
        namespace  = string
        metric     = string
        dimensions = optional(map(string), {})
        statistic  = optional(string, "Average")
        comparison = optional(string, "GreaterThanThreshold")
        threshold  = number
      }))
    }), {})
  })
  nullable = false
}

variable "pretrained" {
  description = <<-EOT
    A model that is served as it is, and nothing that trains; null trains. `weights` is its folder below weights/ of the models bucket, empty
    until it is there; `image` serves it, with `environment`; loading it may take startup_seconds (60 to 3600); `ami` is the machine image
    that the image's CUDA needs.
  EOT
  type = object({
    weights         = optional(string, "")
    image           = string
    environment     = optional(map(string), {})
    startup_seconds = optional(number, 900)
    ami             = optional(string)
  })
  default = null

  validation {
    condition     = var.pretrained == null ? true : can(regex("^([A-Za-z0-9][A-Za-z0-9._-]*)?$", var.pretrained.weights))
    error_message = "pretrained: use the name of one folder below weights/ of the models bucket, for example llama-3.1-8b-instruct (got: ${try(var.pretrained.weights, "none")})."
  }

  validation {
    condition     = try(var.pretrained.weights, "") == "" ? true : var.pretrained.image != ""
    error_message = "pretrained: name the image that serves the weights, for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/speech@sha256:0123…"
  }

  validation {
    condition     = var.pretrained == null || (join(",", var.stages) == "prod" && var.endpoint.kind != "serverless" && var.batch == null)
    error_message = "pretrained: a model that nobody releases has the one stage prod, a real-time or asynchronous endpoint, and no batch (got: ${jsonencode(var.stages)}, ${var.endpoint.kind}, batch ${var.batch == null ? "null" : "set"})."
  }
}

variable "serving" {
  description = <<-EOT
    The image that serves what the pipelines train, instead of this project's own server (null), for example AWS's vLLM: its environment;
    startup_seconds (60 to 3600) for fetching and for loading a model; and the machine image (ami) that its CUDA needs.
  EOT
  type = object({
    image           = string
    environment     = optional(map(string), {})
    startup_seconds = optional(number, 900)
    ami             = optional(string)
  })
  default = null

  validation {
    condition     = var.serving == null || (var.pretrained == null && var.endpoint.kind != "serverless" && var.batch == null)
    error_message = "serving: another image serves what pipelines train (pretrained null), on instances, and no batch (got: pretrained ${var.pretrained == null ? "null" : "set"}, ${var.endpoint.kind}, batch ${var.batch == null ? "null" : "set"})."
  }
}

variable "monitoring" {
  description = "Monitoring of the live model: enabled runs it by schedule (null: after every window); a window has window_hours (1, 2, 3, 4, 6 or 24) and sampling_percentage of the captured requests; bad_windows of_windows raise the alarms that also train again; ground truth may come history_days late; the rest is the job's machine. Thresholds are in project.toml."
  type = object({
    enabled             = optional(bool, true)
    schedule            = optional(string)
    window_hours        = optional(number, 1)
    sampling_percentage = optional(number, 100)
    bad_windows         = optional(number, 2)
    of_windows          = optional(number, 3)
    history_days        = optional(number, 7)
    instance_type       = optional(string, "ml.m5.large")
    volume_size_gb      = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "batch" {
  description = "Batch inference; null is off. schedule is a cron(...) or rate(...) expression in time_zone, or null; on_arrival starts when a file comes; a file is one request of at most max_file_mb (100) in content_type, answered as accept; concurrent_files times max_file_mb is at most 100; the rest is the job's machines."
  type = object({
    schedule         = optional(string)
    time_zone        = optional(string, "UTC")
    on_arrival       = optional(bool, false)
    content_type     = optional(string, "application/json")
    accept           = optional(string, "application/json")
    max_file_mb      = optional(number, 20)
    concurrent_files = optional(number, 4)
    instance_type    = optional(string, "ml.m5.large")
    instance_count   = optional(number, 1)
  })
  default = null
}

variable "stages" {
  description = "Stages in the order of a release; the last one is production. Two usually have model_approval automatic, one has manual."
  type        = list(string)
  default     = ["prod"]
  nullable    = false

  validation {
    condition     = contains(["prod", "staging,prod"], join(",", var.stages))
    error_message = "stages: use [\"prod\"] or [\"staging\", \"prod\"] (got: ${jsonencode(var.stages)})."
  }
}

variable "model_approval" {
  description = "Who approves a model that passed the gate: manual (a person) or automatic (the gate alone; with two stages a person still approves before prod). Change it together with stages."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["manual", "automatic"], var.model_approval)
    error_message = "model_approval: use manual or automatic (got: ${var.model_approval})."
  }
}

variable "retraining" {
  description = "What starts a training besides a push, and its limits. Data under raw/ counts when arrival says so: manifest (an object _SUCCESS names all of it) or quiet-period (nothing new for quiet_minutes). schedule is cron(...) or rate(...) in time_zone, null for none. cool_down_minutes lie between two automatic runs; daily_cap trainings start in a day at most, whoever asks."
  type = object({
    arrival           = optional(string, "manifest")
    quiet_minutes     = optional(number, 15)
    schedule          = optional(string)
    time_zone         = optional(string, "UTC")
    cool_down_minutes = optional(number, 60)
    daily_cap         = optional(number, 8)
  })
  default  = {}
  nullable = false
}

variable "monthly_budget_usd" {
  description = "US dollars a month above which the owner is told, and above whose whole nothing trains until the month ends."
  type        = number
  nullable    = false
}

variable "cost_anomaly_usd" {
  description = "US dollars a day more than usual from which the owner is told at once; null until the tag `project` is active as a cost-allocation tag (terraform/account)."
  type        = number
  default     = null
}

variable "data_archive" {
  description = "For terabytes of raw data: days (90 to 730, 180 to 730) without a read after which objects under raw/ go to the archive tiers, from which a training cannot read them until they are restored. Null archives nothing."
  type        = object({ archive_days = number, deep_archive_days = number })
  default     = null
}

variable "force_destroy" {
  description = "Whether `make destroy` may delete data, models and images that are still there, for good."
  type        = bool
  default     = false
  nullable    = false
}

variable "cost_centre" {
  description = "Who pays; the cost-centre tag of every resource."
  type        = string
  default     = "unassigned"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.cost_centre))
    error_message = "cost_centre: use 1 to 256 letters, digits, spaces and _.:/=+-@, for example 4711 (got: ${var.cost_centre})."
  }
}

variable "tags" {
  description = "More tags for every resource, for example { confidentiality = \"internal\" }; project, stage, owner and cost-centre are there already."
  type        = map(string)
  default     = {}
  nullable    = false
}
