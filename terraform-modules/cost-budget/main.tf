# Spending of one project against its monthly amount: told at 80 %, at 100 %, and when the forecast passes 100 %.

locals {
  # An alert has one topic at most, so where 100 % stops something the owner is written to directly.
  spent = var.stop == null ? { topic_arn = var.topic_arn, email = null } : var.stop

  alerts = [
    { kind = "ACTUAL", percent = 80, topic_arn = var.topic_arn, email = null },
    merge({ kind = "ACTUAL", percent = 100 }, local.spent),
    { kind = "FORECASTED", percent = 100, topic_arn = var.topic_arn, email = null },
  ]
}

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = format("%.1f", var.monthly_usd)
  limit_unit   = "USD"

  cost_filter {
    name   = "TagKeyValue"
    values = [join("$", ["user:${var.cost_tag.key}", var.cost_tag.value])]
  }

  dynamic "notification" {
    for_each = local.alerts

    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value.kind
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_sns_topic_arns  = [notification.value.topic_arn]
      subscriber_email_addresses = notification.value.email == null ? [] : [notification.value.email]
    }
  }
}

# Spending that is unusual for this project, long before a month's budget is gone. Off until the tag is active.
resource "aws_ce_anomaly_monitor" "project" {
  count = var.anomaly_usd == null ? 0 : 1

  name         = var.name
  monitor_type = "CUSTOM"

  # The provider compares this text with all members of AWS's answer, and would replace the monitor for a missing one.
  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags           = { Key = "user:${var.cost_tag.key}", Values = [var.cost_tag.value], MatchOptions = null }
  })
}

resource "aws_ce_anomaly_subscription" "project" {
  count = var.anomaly_usd == null ? 0 : 1

  name             = var.name
  frequency        = "IMMEDIATE"
  monitor_arn_list = [aws_ce_anomaly_monitor.project[0].arn]

  subscriber {
    type    = "SNS"
    address = var.topic_arn
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [tostring(var.anomaly_usd)]
    }
  }
}
