# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction-notifications"
  email       = "ml-team@example.com"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
}

run "defaults_encrypt_and_mail" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.kms_key_arn
    error_message = "messages must be encrypted with the key"
  }

  assert {
    condition     = aws_sns_topic_subscription.owner.protocol == "email" && aws_sns_topic_subscription.owner.endpoint == "ml-team@example.com"
    error_message = "the owner must be mailed"
  }
}

run "name_with_space_is_refused" {
  command = plan

  variables {
    name = "my topic"
  }

  expect_failures = [var.name]
}

run "email_without_domain_is_refused" {
  command = plan

  variables {
    email = "ml-team"
  }

  expect_failures = [var.email]
}

run "no_publishers_is_refused" {
  command = plan

  variables {
    publishers = []
  }

  expect_failures = [var.publishers]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
