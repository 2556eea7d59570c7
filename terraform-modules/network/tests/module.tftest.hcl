# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
}

run "defaults_reach_aws_and_nothing_else" {
  command = plan

  assert {
    condition     = length(aws_subnet.private) == 2 && length(distinct(aws_subnet.private[*].availability_zone)) == 2
    error_message = "there must be two subnets in two zones"
  }

  assert {
    condition     = distinct(aws_subnet.private[*].cidr_block) == tolist(["10.20.0.0/20", "10.20.16.0/20"])
    error_message = "each subnet must get a sixteenth of the range"
  }

  assert {
    condition     = length(aws_internet_gateway.this) + length(aws_nat_gateway.this) + length(aws_subnet.public) == 0
    error_message = "there must be no way to the internet unasked"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 9 && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "AWS must be reached by its usual names"
  }

  assert {
    condition     = aws_vpc_endpoint.interface["sagemaker.api"].service_name == "com.amazonaws.eu-west-1.sagemaker.api"
    error_message = "the service must be the one of this region"
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["dynamodb", "s3"])
    error_message = "both gateway endpoints must be there"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.interface.statement : one([for c in statement.condition : c.variable]) == "aws:PrincipalAccount"
    ])
    error_message = "endpoints must admit this account only"
  }

  assert {
    condition     = toset(data.aws_iam_policy_document.gateway.statement[0].condition[*].variable) == toset(["aws:PrincipalAccount", "aws:ResourceAccount"])
    error_message = "S3 must be reached for this account's own buckets only"
  }

  assert {
    condition     = local.aws_owned_objects == ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]
    error_message = "image layers must be readable, and nothing else of AWS"
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.retention_in_days == 365 && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "traffic must be logged, encrypted, for a year"
  }

  assert {
    condition     = !output.reaches_package_index
    error_message = "packages cannot be installed without NAT or CodeArtifact"
  }
}

run "nat_opens_one_way_out" {
  command = plan

  variables {
    nat        = true
    zone_count = 3
    cidr       = "172.16.0.0/20"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_subnet.private) == 3
    error_message = "one gateway must serve three zones"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.to_internet[0].from_port == 443 && aws_vpc_security_group_egress_rule.to_internet[0].to_port == 443
    error_message = "only TLS may leave"
  }

  assert {
    condition     = aws_subnet.public[0].map_public_ip_on_launch == false
    error_message = "nothing may get a public address by itself"
  }

  assert {
    condition     = output.reaches_package_index
    error_message = "packages can be installed through NAT"
  }
}

run "codeartifact_is_a_package_index" {
  command = plan

  variables {
    interface_endpoints = ["codeartifact.api", "codeartifact.repositories", "cn.com.amazonaws.cn-north-1.ecr.api"]
  }

  assert {
    condition     = output.reaches_package_index && contains(local.aws_owned_objects, "arn:aws:s3:::assets-*-eu-west-1/*")
    error_message = "packages must be readable where CodeArtifact keeps them"
  }

  assert {
    condition     = aws_vpc_endpoint.interface["cn.com.amazonaws.cn-north-1.ecr.api"].service_name == "cn.com.amazonaws.cn-north-1.ecr.api"
    error_message = "a whole name must be taken as it is"
  }
}

run "public_range_is_refused" {
  command = plan

  variables {
    cidr = "8.8.0.0/16"
  }

  expect_failures = [var.cidr]
}

run "tiny_range_is_refused" {
  command = plan

  variables {
    cidr = "10.0.0.0/28"
  }

  expect_failures = [var.cidr]
}

run "single_zone_is_refused" {
  command = plan

  variables {
    zone_count = 1
  }

  expect_failures = [var.zone_count]
}

run "gateway_service_as_interface_is_refused" {
  command = plan

  variables {
    interface_endpoints = ["s3"]
  }

  expect_failures = [var.interface_endpoints]
}

run "address_as_endpoint_is_refused" {
  command = plan

  variables {
    interface_endpoints = ["https://sts"]
  }

  expect_failures = [var.interface_endpoints]
}

run "odd_retention_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Salaries"
  }

  expect_failures = [var.name]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
