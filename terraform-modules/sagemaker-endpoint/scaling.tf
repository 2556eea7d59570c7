# What Application Auto Scaling asks of whoever declares a target: it makes alarms and changes capacity in their name.
data "aws_iam_policy_document" "scale" {
  statement {
    sid       = "ChangeCapacity"
    actions   = ["sagemaker:UpdateEndpointWeightsAndCapacities"]
    resources = [local.endpoint_arn]
  }

  statement {
    sid     = "ManageScalingAlarms"
    actions = ["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"]
    resources = [
      for alarm in ["TargetTracking-endpoint/${local.name}/*", "${local.name}-wake"] :
      "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${alarm}"
    ]
  }

  statement {
    sid       = "CreateServiceLinkedRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["sagemaker.application-autoscaling.amazonaws.com"]
    }
  }
}
