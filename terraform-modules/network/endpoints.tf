# The doors to AWS. Through each of them goes only what this account asks for, so that neither stolen credentials of
# another account nor another account's bucket can carry data out.

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "from_workloads" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "TLS from the workloads"
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

data "aws_iam_policy_document" "interface" {
  #checkov:skip=CKV_AWS_1:an endpoint's policy only narrows what IAM allows: to callers of this account
  #checkov:skip=CKV_AWS_49:an endpoint's policy only narrows what IAM allows: to callers of this account
  statement {
    sid       = "ThisAccount"
    actions   = ["*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = strcontains(each.key, "com.amazonaws.") ? each.key : "com.amazonaws.${local.region}.${each.key}"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  policy              = data.aws_iam_policy_document.interface.json
  tags                = { Name = "${var.name}-${each.key}" }
}

data "aws_iam_policy_document" "gateway" {
  #checkov:skip=CKV_AWS_1:an endpoint's policy only narrows what IAM allows: to callers and buckets of this account
  #checkov:skip=CKV_AWS_49:an endpoint's policy only narrows what IAM allows: to callers and buckets of this account
  #checkov:skip=CKV_AWS_283:signed links to image layers and packages are AWS's own callers
  statement {
    sid       = "ThisAccountAndWhatItOwns"
    actions   = ["*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  # ECR and CodeArtifact hand out signed links to buckets of their own; only reads, and only there.
  statement {
    sid       = "LayersAndPackages"
    actions   = ["s3:GetObject"]
    resources = local.aws_owned_objects

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

locals {
  aws_owned_objects = concat(
    ["arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"],
    contains(var.interface_endpoints, "codeartifact.repositories") ? ["arn:${local.partition}:s3:::assets-*-${local.region}/*"] : [],
  )
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["dynamodb", "s3"])

  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.${each.key}"
  route_table_ids   = [aws_route_table.private.id]
  policy            = data.aws_iam_policy_document.gateway.json
  tags              = { Name = "${var.name}-${each.key}" }
}
