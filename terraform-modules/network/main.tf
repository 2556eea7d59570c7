# A private network: subnets over several zones without a way to the internet, and AWS reached through endpoints that
# admit this account only. nat.tf holds the one way out, for those who ask for it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:a fixed number of zones is taken, in the order of their names
  state = "available"

  # Local and wavelength zones have neither SageMaker nor the endpoints.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  zones     = slice(sort(data.aws_availability_zones.this.names), 0, var.zone_count)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # without it, the endpoints' private names do not resolve
  tags                 = { Name = var.name }
}

resource "aws_subnet" "private" {
  count = var.zone_count

  vpc_id                  = aws_vpc.this.id
  availability_zone       = local.zones[count.index]
  cidr_block              = cidrsubnet(var.cidr, 4, count.index)
  map_public_ip_on_launch = false
  tags                    = { Name = "${var.name}-private-${local.zones[count.index]}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = var.zone_count

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# The group that AWS gives to whatever names none: it lets nothing in and nothing out.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-closed" }
}

resource "aws_security_group" "workloads" {
  #checkov:skip=CKV2_AWS_5:jobs, endpoints and builds attach it when they run
  name        = "${var.name}-workloads"
  description = "Jobs, endpoints, notebooks, builds and functions of ${var.name}"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-workloads" }
}

resource "aws_vpc_security_group_ingress_rule" "between_workloads" {
  security_group_id            = aws_security_group.workloads.id
  description                  = "Instances that train together"
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "between_workloads" {
  security_group_id            = aws_security_group.workloads.id
  description                  = "Instances that train together"
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  security_group_id            = aws_security_group.workloads.id
  description                  = "AWS through the interface endpoints"
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_gateways" {
  for_each = aws_vpc_endpoint.gateway

  security_group_id = aws_security_group.workloads.id
  description       = "${title(each.key)} through its gateway endpoint"
  prefix_list_id    = each.value.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
