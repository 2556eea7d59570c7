# A push trains, gates and registers a model; an approved model package is released, stage after stage.

locals {
  source_stage = {
    name   = "Source"
    source = merge(module.source.action, { policy = module.source.read_policy })
  }

  commit = "#{Source.${module.source.commit_variable}}"

  # With two stages, what staging released is what prod gets, and a person decides in between.
  two_stages = length(var.stages) == 2
  released   = local.trains ? var.stages : []
  package = {
    for stage in local.released : stage =>
    local.two_stages && stage == "prod" ? "#{DeployStaging.MODEL_PACKAGE_ARN}" : "#{variables.MODEL_PACKAGE}"
  }
  nothing_new = local.two_stages ? { variable = "#{DeployStaging.MODEL_PACKAGE_ARN}", equals = "none" } : null

  release_stages = {
    for stage in local.released : stage => concat([
      {
        name = "Deploy-${stage}"
        build = {
          buildspec       = "buildspecs/deploy.yml"
          policy          = module.endpoint[stage].deploy_policy
          environment     = merge(local.environment, { MLOPS_STAGE = stage })
          variables       = { MODEL_PACKAGE = local.package[stage], REASON = "#{variables.REASON}" }
          namespace       = "Deploy${title(stage)}"
          timeout_minutes = 120
        }
        skip_when = stage == "prod" ? local.nothing_new : null
      },
      {
        name = "Verify-${stage}"
        build = {
          buildspec   = "buildspecs/verify.yml"
          policy      = module.endpoint[stage].verify_policy
          environment = merge(local.environment, { MLOPS_STAGE = stage })
        }
        skip_when = stage == "prod" ? local.nothing_new : null
      },
      ], stage == "prod" ? [] : [
      {
        name      = "Approve"
        approval  = { message = "#{DeployStaging.RELEASE}" }
        skip_when = local.nothing_new
      },
    ])
  }
}

module "train_pipeline" {
  source = "./modules/codepipeline"
  count  = local.trains ? 1 : 0

  project        = var.project_slug
  name           = "train"
  execution_mode = "QUEUED"
  variables = {
    REASON       = { default = "commit", description = "Why this training was started" }
    DATA_VERSION = { default = "newest", description = "Data snapshot to train on, or newest" }
    REQUESTED_BY = { default = "push", description = "Who or what asked for it" }
  }
  triggers        = module.source.event_pattern == null ? {} : { source = module.source.event_pattern }
  artifact_bucket = local.buckets.artifacts
  kms_key_arn     = module.key.arn
  topic_arn       = module.notifications.topic_arn
  network         = local.build_network
  package_index   = var.network.package_index

  stages = [
    merge(local.source_stage, {
      source = merge(local.source_stage.source, {
        configuration = merge(module.source.action.configuration, module.source.detects_changes)
      })
    }),
    {
      name  = "Check"
      build = { buildspec = "buildspecs/check.yml", environment = local.environment, reports = true }
    },
    {
      name = "Package"
      build = {
        buildspec   = "buildspecs/package.yml"
        policy      = module.training[0].package_policy
        environment = local.environment
        variables   = { COMMIT = local.commit }
        namespace   = "Package"
        privileged  = true
      }
    },
    {
      name = "Train"
      build = {
        buildspec   = "buildspecs/train.yml"
        policy      = data.aws_iam_policy_document.train[0].json
        environment = local.environment
        variables = {
          TRAIN_IMAGE  = "#{Package.TRAIN_IMAGE}"
          SERVE_IMAGE  = "#{Package.SERVE_IMAGE}"
          COMMIT       = local.commit
          EXECUTION    = "#{codepipeline.PipelineExecutionId}"
          REASON       = "#{variables.REASON}"
          DATA_VERSION = "#{variables.DATA_VERSION}"
          REQUESTED_BY = "#{variables.REQUESTED_BY}"
        }
        timeout_minutes = local.train_minutes
      }
    },
  ]
}

module "release_pipeline" {
  source = "./modules/codepipeline"
  count  = local.trains ? 1 : 0

  project        = var.project_slug
  name           = "release"
  execution_mode = "SUPERSEDED"
  variables = {
    MODEL_PACKAGE = { default = "newest", description = "ARN of the model package to release, or newest" }
    REASON        = { default = "approved", description = "Why this release was started" }
  }
  artifact_bucket = local.buckets.artifacts
  kms_key_arn     = module.key.arn
  topic_arn       = module.notifications.topic_arn
  network         = local.build_network
  package_index   = var.network.package_index

  triggers = {
    approved = jsonencode({
      source      = ["aws.sagemaker"]
      detail-type = ["SageMaker Model Package State Change"]
      detail      = { ModelPackageGroupName = [module.training[0].model_package_group], ModelApprovalStatus = ["Approved"] }
    })
  }

  stages = flatten([[local.source_stage], [for stage in local.released : local.release_stages[stage]]])
}
