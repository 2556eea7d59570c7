# Spending of one project against its monthly amount: told at 80 %, at 100 %, and when the forecast passes 100 %.

locals {
  alerts = [
    { kind = "ACTUAL", percent = 80 },
    { kind = "ACTUAL", percent = 100 },
    { kind = "FORECASTED", percent = 100 },
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
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.value.kind
      threshold                 = notification.value.percent
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [var.topic_arn]
    }
  }
}
