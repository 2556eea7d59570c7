# What the release pipeline may do with this stage, as policy documents: `deploy` moves approved models to the endpoint,
# `verify` (verify.tf) asks the endpoint and looks at the answer. Neither reaches another stage or approves anything.

locals {
  parameter_prefix = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.project}"
  endpoint_arn     = "${local.arn_prefix}:endpoint/${local.name}"
  # Models and configurations of this stage are named <project>-<stage>-v<version>-<timestamp>.
  released_arns = [for kind in ["model", "endpoint-config"] : "${local.arn_prefix}:${kind}/${local.name}-v*"]
  group         = try(var.registry.model_package_group, "none")
  group_arns    = ["${local.arn_prefix}:model-package-group/${local.group}", "${local.arn_prefix}:model-package/${local.group}/*"]
}

data "aws_iam_policy_document" "common" {
  count = local.released

  statement {
    sid     = "ReadSpecsAndLiveModels"
    actions = ["ssm:GetParameter"]
    resources = [
      aws_ssm_parameter.spec[0].arn,
      var.registry.training_parameter_arn,
      "${local.parameter_prefix}/*/live",
    ]
  }

  statement {
    sid       = "ReadPackages"
    actions   = ["sagemaker:DescribeModelPackage"]
    resources = local.group_arns
  }

  statement {
    sid       = "DescribeEndpoint"
    actions   = ["sagemaker:DescribeEndpoint"]
    resources = [local.endpoint_arn]
  }
}

data "aws_iam_policy_document" "deploy" {
  count = local.released

  source_policy_documents = concat(
    [data.aws_iam_policy_document.common[0].json],
    var.autoscaling == null ? [] : [data.aws_iam_policy_document.scale.json],
  )

  statement {
    sid       = "RecordLiveModel"
    actions   = ["ssm:PutParameter"]
    resources = ["${local.parameter_prefix}/${var.stage}/live"]
  }

  # A model that alarms rolled back is rejected, so that nothing releases it again; approving stays with others.
  statement {
    sid       = "RejectRolledBackModels"
    actions   = ["sagemaker:UpdateModelPackage"]
    resources = local.group_arns

    condition {
      test     = "StringEquals"
      variable = "sagemaker:ModelApprovalStatus"
      values   = ["Rejected"]
    }
  }

  statement {
    sid       = "FindPackages"
    actions   = ["sagemaker:ListModelPackages"]
    resources = local.group_arns
  }

  # What the endpoint said last, where a model does not start.
  statement {
    sid       = "ReadLog"
    actions   = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid = "ReleaseModels"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateEndpoint",
      "sagemaker:CreateEndpointConfig",
      "sagemaker:CreateModel",
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DeleteModel",
      "sagemaker:DescribeEndpointConfig",
      "sagemaker:UpdateEndpoint",
    ]
    resources = concat([local.endpoint_arn], local.released_arns)
  }

  # This action cannot be narrowed to a resource.
  statement {
    sid       = "FindOldReleases"
    actions   = ["sagemaker:ListEndpointConfigs"]
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
    sid       = "PassRoleToModels"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.endpoint.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadRollbackAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = local.alarm_arns
  }

  dynamic "statement" {
    for_each = var.kind == "serverless" ? [] : [1]

    content {
      sid = "ScaleEndpoint"
      actions = [
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
      ]
      resources = ["arn:${local.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*"]

      condition {
        test     = "StringEquals"
        variable = "application-autoscaling:service-namespace"
        values   = ["sagemaker"]
      }
    }
  }

  # This action cannot be narrowed to a resource.
  dynamic "statement" {
    for_each = var.kind == "serverless" ? [] : [1]

    content {
      sid       = "FindScaling"
      actions   = ["application-autoscaling:DescribeScalableTargets"]
      resources = ["*"]
    }
  }
}
