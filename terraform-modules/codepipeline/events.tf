# What starts the pipeline, and whom a failure is told. An event that cannot be delivered within an hour is kept in a
# queue for two weeks, so that a lost push or approval can be found and started by hand.

resource "aws_iam_role" "events" {
  name               = "${local.name}-events"
  assume_role_policy = data.aws_iam_policy_document.trust["events"].json
}

data "aws_iam_policy_document" "events" {
  statement {
    sid       = "StartThisPipeline"
    actions   = ["codepipeline:StartPipelineExecution"]
    resources = [local.arn]
  }
}

resource "aws_iam_role_policy" "events" {
  name   = "start"
  role   = aws_iam_role.events.id
  policy = data.aws_iam_policy_document.events.json
}

resource "aws_cloudwatch_event_rule" "trigger" {
  for_each = var.triggers

  name          = "${local.name}-${each.key}"
  description   = "Starts ${local.name}"
  event_pattern = each.value
}

resource "aws_cloudwatch_event_target" "trigger" {
  for_each = var.triggers

  rule     = aws_cloudwatch_event_rule.trigger[each.key].name
  arn      = aws_codepipeline.this.arn
  role_arn = aws_iam_role.events.arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_cloudwatch_event_rule" "failed" {
  name        = "${local.name}-failed"
  description = "Tells the owner of a failed execution of ${local.name}"

  event_pattern = jsonencode({
    source      = ["aws.codepipeline"]
    detail-type = ["CodePipeline Pipeline Execution State Change"]
    detail      = { pipeline = [local.name], state = ["FAILED"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule = aws_cloudwatch_event_rule.failed.name
  arn  = var.topic_arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  input_transformer {
    input_paths    = { pipeline = "$.detail.pipeline", execution = "$.detail.execution-id", time = "$.time" }
    input_template = "\"The pipeline <pipeline> failed at <time> (execution <execution>). The log of the failed stage says why.\""
  }
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid     = "RulesOfThisPipeline"
    actions = ["sqs:SendMessage"]
    # The rules' names are known before the queue exists, so queue and policy are made in one call.
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${local.name}-undelivered"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.name}-*"]
    }
  }
}

resource "aws_sqs_queue" "undelivered" {
  name                      = "${local.name}-undelivered"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  policy                    = data.aws_iam_policy_document.undelivered.json
}
