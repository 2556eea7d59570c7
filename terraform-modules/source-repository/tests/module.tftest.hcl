# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
}

run "codecommit_is_the_default" {
  command = plan

  assert {
    condition     = aws_codecommit_repository.this[0].kms_key_id == var.kms_key_arn
    error_message = "the repository must be encrypted with the key"
  }

  assert {
    condition     = output.action.provider == "CodeCommit" && output.action.configuration.PollForSourceChanges == "false"
    error_message = "the pipeline must not poll"
  }

  assert {
    condition     = output.https_url == "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/salary-prediction"
    error_message = "a notebook must find the repository of this region"
  }

  assert {
    condition     = output.commit_variable == "CommitId"
    error_message = "a commit must name the code"
  }

  assert {
    condition     = length(aws_codecommit_approval_rule_template.this) == 0
    error_message = "nobody must have to approve"
  }

  assert {
    condition     = one([for s in data.aws_iam_policy_document.clone[0].statement : s.condition[*].variable if s.effect == "Deny"]) == tolist(["codecommit:References", "codecommit:References"])
    error_message = "who clones may push branches, but not past a review"
  }
}

run "approvals_need_people" {
  command = plan

  variables {
    approvals = 2
  }

  assert {
    condition     = jsondecode(aws_codecommit_approval_rule_template.this[0].content).Statements[0].NumberOfApprovalsNeeded == 2
    error_message = "two people must approve"
  }
}

run "github_uses_a_connection" {
  command = plan

  variables {
    kind       = "github"
    repository = "example-org/salary-prediction"
  }

  assert {
    condition     = aws_codeconnections_connection.this[0].provider_type == "GitHub"
    error_message = "the connection must lead to GitHub"
  }

  assert {
    condition     = output.clone_policy == null
    error_message = "AWS knows nobody's keys at GitHub"
  }

  assert {
    condition     = output.action.provider == "CodeStarSourceConnection" && output.action.configuration.FullRepositoryId == "example-org/salary-prediction"
    error_message = "the pipeline must read through the connection"
  }

  assert {
    condition     = output.event_pattern == null && output.detects_changes.DetectChanges == "true"
    error_message = "the connection must report changes"
  }

  assert {
    condition     = output.clone_url == "https://github.com/example-org/salary-prediction.git"
    error_message = "people must push to GitHub"
  }
}

run "gitlab_uses_a_connection" {
  command = plan

  variables {
    kind       = "gitlab"
    repository = "group/subgroup/salary"
  }

  assert {
    condition     = aws_codeconnections_connection.this[0].provider_type == "GitLab"
    error_message = "the connection must lead to GitLab"
  }
}

run "bitbucket_uses_a_connection" {
  command = plan

  variables {
    kind       = "bitbucket"
    repository = "team/salary"
  }

  assert {
    condition     = aws_codeconnections_connection.this[0].provider_type == "Bitbucket"
    error_message = "the connection must lead to Bitbucket"
  }
}

run "s3_reads_a_zip_file" {
  command = plan

  variables {
    kind   = "s3"
    bucket = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  }

  assert {
    condition     = output.action.configuration.S3ObjectKey == "source/salary-prediction.zip"
    error_message = "the pipeline must read the zip file"
  }

  assert {
    condition     = jsondecode(output.event_pattern).detail.object.key == ["source/salary-prediction.zip"]
    error_message = "a new zip file must start the pipeline"
  }

  assert {
    condition     = output.commit_variable == "VersionId"
    error_message = "an object version must name the code"
  }
}

run "unknown_kind_is_refused" {
  command = plan

  variables {
    kind = "svn"
  }

  expect_failures = [var.kind]
}

run "github_without_repository_is_refused" {
  command = plan

  variables {
    kind = "github"
  }

  expect_failures = [var.repository]
}

run "codecommit_with_repository_is_refused" {
  command = plan

  variables {
    repository = "a/b"
  }

  expect_failures = [var.repository]
}

run "s3_without_bucket_is_refused" {
  command = plan

  variables {
    kind = "s3"
  }

  expect_failures = [var.bucket]
}

run "branch_with_space_is_refused" {
  command = plan

  variables {
    branch = "my branch"
  }

  expect_failures = [var.branch]
}

run "negative_approvals_are_refused" {
  command = plan

  variables {
    approvals = -1
  }

  expect_failures = [var.approvals]
}

run "name_with_underscore_is_refused" {
  command = plan

  variables {
    name = "salary_prediction"
  }

  expect_failures = [var.name]
}

run "long_description_is_refused" {
  command = plan

  variables {
    description = join("", [for i in range(1001) : "x"])
  }

  expect_failures = [var.description]
}

run "alias_instead_of_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}
