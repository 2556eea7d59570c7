# Who may start jobs, and which: `run` is for the launcher, `explore` for notebooks. Whatever else a role allows, jobs without
# isolation, encryption and, where there is a network, outside it are denied.

data "aws_iam_policy_document" "run" {
  source_policy_documents = [data.aws_iam_policy_document.deny_unsafe_jobs.json]

  statement {
    sid       = "ReadSpec"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.spec.arn]
  }

  statement {
    sid       = "ReadSnapshotsAndResults"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets.data.arn}/snapshots/*", "${var.buckets.models.arn}/training/*"]
  }

  statement {
    sid       = "ListWhatItReads"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
  }

  statement {
    sid       = "UseKeyForObjects"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid = "RunTrainingJobs"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateTrainingJob",
      "sagemaker:DescribeTrainingJob",
    ]
    resources = [local.job_arn]
  }

  # This action cannot be narrowed to a resource.
  statement {
    sid       = "FindRunningJob"
    actions   = ["sagemaker:ListTrainingJobs"]
    resources = ["*"]
  }

  # SageMaker asks it of the caller as well as of the role that is passed.
  statement {
    sid       = "GrantKeyToVolumes"
    actions   = ["kms:CreateGrant", "kms:DescribeKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sagemaker.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid       = "PassRoleToJobs"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.job.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadJobLogs"
    actions   = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/TrainingJobs:*"]
  }
}

# Who tries things out also stops them; a build that is stopped leaves its job to the next one.
data "aws_iam_policy_document" "explore" {
  source_policy_documents = [data.aws_iam_policy_document.run.json]

  statement {
    sid       = "StopTrainingJobs"
    actions   = ["sagemaker:StopTrainingJob"]
    resources = [local.job_arn]
  }

  # The trials of a tuning job are SageMaker's own to start.
  statement {
    sid = "TuneHyperparameters"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateHyperParameterTuningJob",
      "sagemaker:DescribeHyperParameterTuningJob",
      "sagemaker:StopHyperParameterTuningJob",
    ]
    resources = [local.tuning_job_arn]
  }

  statement {
    sid       = "FindImages"
    actions   = ["ecr:DescribeImages"]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "LocateBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.buckets.data.arn, var.buckets.models.arn]
  }
}

locals {
  # The same families as NVME in functions/launch/aws.py: their local disks are encrypted by hardware, and SageMaker refuses a key.
  without_volume_key = [
    for family in [
      "c5d", "c6gd", "c6id", "c6idn", "g4dn", "g5", "g6", "g6e", "gr6", "inf2", "m5d", "m5dn", "m6gd", "m6id", "m6idn",
      "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "r5d", "r5dn", "r6gd", "r6id", "trn1", "trn1n",
    ] : "ml.${family}.*"
  ]

  # Each of these conditions is one way in which a job is unsafe. Spot and checkpoints have no condition key: the spec sets them.
  unsafe_jobs = merge(
    {
      DenyNetworkAccess = [{ test = "BoolIfExists", key = "sagemaker:NetworkIsolation", values = ["false"] }]
      DenyPlainTraffic  = [{ test = "BoolIfExists", key = "sagemaker:InterContainerTrafficEncryption", values = ["false"] }]
      DenyPlainOutput   = [{ test = "Null", key = "sagemaker:OutputKmsKey", values = ["true"] }]
      DenyPlainVolumes = [
        { test = "Null", key = "sagemaker:VolumeKmsKey", values = ["true"] },
        { test = "ForAnyValue:StringNotLike", key = "sagemaker:InstanceTypes", values = local.without_volume_key },
      ]
    },
    var.network == null ? {} : {
      DenyOutsideNetwork = [{ test = "Null", key = "sagemaker:VpcSubnets", values = ["true"] }]
    },
  )
}

data "aws_iam_policy_document" "deny_unsafe_jobs" {
  dynamic "statement" {
    for_each = local.unsafe_jobs

    content {
      sid    = statement.key
      effect = "Deny"
      actions = [
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
      ]
      resources = ["*"]

      dynamic "condition" {
        for_each = statement.value

        content {
          test     = condition.value.test
          variable = condition.value.key
          values   = condition.value.values
        }
      }
    }
  }
}
