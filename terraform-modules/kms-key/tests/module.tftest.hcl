# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name = "salary-prediction"
}

run "defaults_rotate_and_wait_30_days" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key must rotate"
  }

  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 30
    error_message = "a deletion must be cancellable for 30 days"
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/salary-prediction"
    error_message = "the alias must be named after the project"
  }
}

run "publishers_are_admitted_for_this_account_only" {
  command = plan

  variables {
    publishers = ["events"]
  }

  assert {
    condition     = one([for s in data.aws_iam_policy_document.key.statement : one(s.condition).variable if s.sid == "PublishersOfThisAccount"]) == "aws:SourceAccount"
    error_message = "publishers must be bounded to the account"
  }

  assert {
    condition     = one([for s in data.aws_iam_policy_document.key.statement : one(one(s.principals).identifiers) if s.sid == "PublishersOfThisAccount"]) == "events.amazonaws.com"
    error_message = "only the named service may publish"
  }
}

run "no_publishers_no_statement" {
  command = plan

  variables {
    publishers = []
  }

  assert {
    condition     = length(data.aws_iam_policy_document.key.statement) == 2
    error_message = "no publisher must be admitted"
  }
}

run "name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Salary"
  }

  expect_failures = [var.name]
}

run "name_with_trailing_hyphen_is_refused" {
  command = plan

  variables {
    name = "salary-"
  }

  expect_failures = [var.name]
}

run "name_of_21_characters_is_refused" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.name]
}

run "publisher_with_domain_is_refused" {
  command = plan

  variables {
    publishers = ["events.amazonaws.com"]
  }

  expect_failures = [var.publishers]
}

run "deletion_window_of_6_days_is_refused" {
  command = plan

  variables {
    deletion_window_in_days = 6
  }

  expect_failures = [var.deletion_window_in_days]
}
