# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  function_name = "salary-prediction-retrain"
}

run "lambda_gets_interfaces_and_the_code_does_not" {
  command = plan

  assert {
    condition     = toset(data.aws_iam_policy_document.this.statement[0].resources) == toset([for kind in ["network-interface", "security-group", "subnet"] : "arn:aws:ec2:eu-west-1:123456789012:${kind}/*"])
    error_message = "interfaces must be made in this account and region only"
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[2].effect == "Deny" && data.aws_iam_policy_document.this.statement[2].actions == data.aws_iam_policy_document.this.statement[0].actions
    error_message = "what Lambda may, the code may not"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[2].condition).values == tolist(["arn:aws:lambda:eu-west-1:123456789012:function:salary-prediction-retrain"])
    error_message = "the denial must name this function"
  }
}

run "name_with_a_dot_is_refused" {
  command = plan

  variables {
    function_name = "salary.retrain"
  }

  expect_failures = [var.function_name]
}
