# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction-data-123456789012-eu-west-1"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
}

run "defaults_have_everything_on" {
  command = plan

  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy, aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets])
    error_message = "public access must be blocked"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "objects must be encrypted with the key"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "the bucket key must be on"
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "versions must be kept"
  }

  assert {
    condition     = aws_s3_bucket_notification.this.eventbridge
    error_message = "events must reach EventBridge"
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "objects must not be destroyed unasked"
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.bucket.statement : s.sid] == ["DenyPlainHttp", "DenyOldTls", "DenyOtherEncryption", "DenyOtherKeys"]
    error_message = "plain HTTP, old TLS and other keys must be denied"
  }
}

run "log_bucket_admits_log_delivery" {
  command = plan

  variables {
    kms_key_arn          = null
    receives_access_logs = true
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "a log bucket must use SSE-S3"
  }

  assert {
    condition     = contains([for s in data.aws_iam_policy_document.bucket.statement : s.sid], "AccessLogsOfThisAccount")
    error_message = "log delivery must be admitted"
  }
}

run "logs_go_to_the_log_bucket" {
  command = plan

  variables {
    access_log_bucket = "logs-of-salary"
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "logs-of-salary"
    error_message = "access must be logged"
  }
}

run "archive_tiers_the_whole_bucket" {
  command = plan

  variables {
    archive = { archive_days = 90, deep_archive_days = 180 }
  }

  assert {
    condition     = length(aws_s3_bucket_intelligent_tiering_configuration.archive) == 1
    error_message = "objects must be archived"
  }

  assert {
    condition     = contains(aws_s3_bucket_lifecycle_configuration.this.rule[*].id, "intelligent-tiering")
    error_message = "objects must move to intelligent tiering"
  }
}

run "expirations_become_rules" {
  command = plan

  variables {
    expirations = { "checkpoints/" = 30 }
  }

  assert {
    condition     = contains(aws_s3_bucket_lifecycle_configuration.this.rule[*].id, "expire-checkpoints/")
    error_message = "checkpoints must expire"
  }
}

run "name_with_dot_is_refused" {
  command = plan

  variables {
    name = "salary.prediction"
  }

  expect_failures = [var.name]
}

run "log_bucket_with_key_is_refused" {
  command = plan

  variables {
    receives_access_logs = true
  }

  expect_failures = [var.receives_access_logs]
}

run "half_a_day_is_refused" {
  command = plan

  variables {
    noncurrent_days = 0.5
  }

  expect_failures = [var.noncurrent_days]
}

run "expiration_of_0_days_is_refused" {
  command = plan

  variables {
    expirations = { "a/" = 0 }
  }

  expect_failures = [var.expirations]
}

run "archive_after_30_days_is_refused" {
  command = plan

  variables {
    archive = { archive_days = 30, deep_archive_days = 180 }
  }

  expect_failures = [var.archive]
}
