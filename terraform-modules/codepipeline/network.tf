# What builds need inside a VPC: network interfaces of their own, and a package index that is not on the internet.

locals {
  index_environment = var.package_index == null ? {} : {
    CODEARTIFACT_DOMAIN     = var.package_index.domain
    CODEARTIFACT_REPOSITORY = var.package_index.repository
  }
  codeartifact = "arn:${local.partition}:codeartifact:${local.region}:${local.account}"
}

data "aws_iam_policy_document" "network" {
  count = var.network == null ? 0 : 1

  # These actions cannot be narrowed to a resource.
  statement {
    sid = "FindNetwork"
    actions = [
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "AttachToNetwork"
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    resources = concat(
      ["arn:${local.partition}:ec2:${local.region}:${local.account}:network-interface/*"],
      [for subnet in var.network.subnet_ids : "arn:${local.partition}:ec2:${local.region}:${local.account}:subnet/${subnet}"],
      [for group in var.network.security_group_ids : "arn:${local.partition}:ec2:${local.region}:${local.account}:security-group/${group}"],
    )
  }

  statement {
    sid       = "LendInterfacesToCodeBuild"
    actions   = ["ec2:CreateNetworkInterfacePermission"]
    resources = ["arn:${local.partition}:ec2:${local.region}:${local.account}:network-interface/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:AuthorizedService"
      values   = ["codebuild.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "ec2:Subnet"
      values   = [for subnet in var.network.subnet_ids : "arn:${local.partition}:ec2:${local.region}:${local.account}:subnet/${subnet}"]
    }
  }
}

data "aws_iam_policy_document" "packages" {
  count = var.package_index == null ? 0 : 1

  statement {
    sid       = "SignInToPackageIndex"
    actions   = ["codeartifact:GetAuthorizationToken"]
    resources = ["${local.codeartifact}:domain/${var.package_index.domain}"]
  }

  statement {
    sid       = "ReadPackageIndex"
    actions   = ["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"]
    resources = ["${local.codeartifact}:repository/${var.package_index.domain}/${var.package_index.repository}"]
  }

  # The token is one of STS; this action cannot be narrowed to a resource.
  statement {
    sid       = "GetTokenOfPackageIndex"
    actions   = ["sts:GetServiceBearerToken"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "sts:AWSServiceName"
      values   = ["codeartifact.amazonaws.com"]
    }
  }
}
