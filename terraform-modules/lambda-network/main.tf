# What a function inside a VPC must be allowed: Lambda makes its network interfaces with the function's own role.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  interface_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

data "aws_iam_policy_document" "this" {
  # Lambda shares interfaces between functions of the same subnet and group, so the names of these bound nothing.
  statement {
    sid     = "AttachToNetwork"
    actions = local.interface_actions
    resources = [
      for kind in ["network-interface", "security-group", "subnet"] :
      "arn:${local.partition}:ec2:${local.region}:${local.account}:${kind}/*"
    ]
  }

  # These actions cannot be narrowed to a resource.
  statement {
    sid       = "FindNetwork"
    actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    resources = ["*"]
  }

  # What Lambda may do with the interfaces is not what the code may do with the network.
  statement {
    sid       = "DenyNetworkToTheCode"
    effect    = "Deny"
    actions   = local.interface_actions
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = ["arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.function_name}"]
    }
  }
}
