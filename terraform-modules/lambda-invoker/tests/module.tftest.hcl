# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction-prod-invoke"
  package     = "examples/complete/invoke.zip"
  endpoint    = { name = "salary-prediction-prod", arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/salary-prediction-prod", kind = "real-time" }
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
}

run "defaults_are_encrypted_and_traced" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "environment and log must be encrypted with the key"
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256(var.package)
    error_message = "a new zip file must be deployed"
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.ENDPOINT_NAME == "salary-prediction-prod"
    error_message = "the function must know its endpoint"
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "calls must be traced"
  }
}

run "handler_gets_settings_of_its_own" {
  command = plan

  variables {
    environment = { PRETRAINED = "true" }
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.PRETRAINED == "true" && aws_lambda_function.this.environment[0].variables.ENDPOINT_KIND == "real-time"
    error_message = "the function must have its own settings beside the others"
  }
}

run "setting_of_the_module_cannot_be_replaced" {
  command = plan

  variables {
    environment = { ENDPOINT_NAME = "another" }
  }

  expect_failures = [var.environment]
}

run "asynchronous_knows_where_requests_go" {
  command = plan

  variables {
    endpoint             = { name = "e", arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e", kind = "asynchronous" }
    input                = { uri = "s3://data/asynchronous/prod/input/", arn = "arn:aws:s3:::data/asynchronous/prod/input/*" }
    reserved_concurrency = 5
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.INPUT_S3_URI == "s3://data/asynchronous/prod/input/"
    error_message = "the function must know where requests go"
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 5
    error_message = "concurrency must be bounded"
  }
}

run "serverless_requests_are_captured" {
  command = plan

  variables {
    endpoint = { name = "e", arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e", kind = "serverless" }
    capture  = { uri = "s3://data/capture/prod/e/AllTraffic/", arn = "arn:aws:s3:::data/capture/prod/*", percentage = 20 }
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.CAPTURE_PERCENTAGE == "20"
    error_message = "the function must know how many requests to capture"
  }
}

run "asynchronous_answers_are_captured" {
  command = plan

  variables {
    endpoint = { name = "e", arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e", kind = "asynchronous" }
    input    = { uri = "s3://data/asynchronous/prod/input/", arn = "arn:aws:s3:::data/asynchronous/prod/input/*" }
    capture  = { uri = "s3://data/capture/prod/e/AllTraffic/", arn = "arn:aws:s3:::data/capture/prod/*", percentage = 100 }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.answered[0].event_pattern).detail == { bucket = { name = ["data"] }, object = { key = [{ prefix = "asynchronous/prod/output/" }] } }
    error_message = "the function must be told of answers"
  }

  assert {
    condition     = local.answers.arn == "arn:aws:s3:::data/asynchronous/prod/"
    error_message = "the function must reach answers and what waits for them"
  }
}

run "capture_of_real_time_is_refused" {
  command = plan

  variables {
    capture = { uri = "s3://b/", arn = "a", percentage = 100 }
  }

  expect_failures = [var.capture]
}

run "missing_package_is_refused" {
  command = plan

  variables {
    package = "missing.zip"
  }

  expect_failures = [var.package]
}

run "input_of_real_time_is_refused" {
  command = plan

  variables {
    input = { uri = "s3://b/", arn = "a" }
  }

  expect_failures = [var.input]
}

run "unknown_kind_is_refused" {
  command = plan

  variables {
    endpoint = { name = "e", arn = "a", kind = "batch" }
  }

  expect_failures = [var.endpoint]
}

run "timeout_of_an_hour_is_refused" {
  command = plan

  variables {
    timeout_seconds = 3600
  }

  expect_failures = [var.timeout_seconds]
}

run "no_concurrency_is_refused" {
  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "retention_of_100_days_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "long_name_is_refused" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabc"
  }

  expect_failures = [var.name]
}

run "function_can_run_inside_a_network" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = toset(aws_lambda_function.this.vpc_config[0].subnet_ids) == toset(["subnet-1", "subnet-2"])
    error_message = "the function must run in every subnet"
  }

  assert {
    condition     = length(data.aws_iam_policy_document.this.source_policy_documents) == 1
    error_message = "Lambda must be allowed to make the interfaces"
  }
}

run "network_without_subnets_is_refused" {
  command = plan

  variables {
    network = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.network]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
