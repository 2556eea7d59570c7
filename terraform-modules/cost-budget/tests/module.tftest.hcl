# `terraform test` in this folder: offline, no credentials.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name        = "salary-prediction-monthly"
  monthly_usd = 200
  cost_tag    = { key = "project", value = "salary-prediction" }
  topic_arn   = "arn:aws:sns:eu-west-1:123456789012:t"
}

run "defaults_alert_three_times" {
  command = plan

  assert {
    condition     = aws_budgets_budget.this.limit_amount == "200.0" && aws_budgets_budget.this.time_unit == "MONTHLY"
    error_message = "the limit must be 200 a month"
  }

  assert {
    condition     = toset([for n in aws_budgets_budget.this.notification : "${n.notification_type} ${n.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "there must be alerts at 80 %, 100 % and for the forecast"
  }

  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).values[0] == "user:project$salary-prediction"
    error_message = "only the tagged cost must count"
  }
}

run "spent_budget_tells_who_stops" {
  command = plan

  variables {
    stop = { topic_arn = "arn:aws:sns:eu-west-1:123456789012:stop", email = "ml-team@example.com" }
  }

  assert {
    condition = [
      for n in aws_budgets_budget.this.notification : [one(n.subscriber_sns_topic_arns), one(n.subscriber_email_addresses)]
      if n.threshold == 100 && n.notification_type == "ACTUAL"
    ] == [["arn:aws:sns:eu-west-1:123456789012:stop", "ml-team@example.com"]]
    error_message = "100 % of actual spending must reach the stopping topic, and the owner directly"
  }

  assert {
    condition     = length([for n in aws_budgets_budget.this.notification : n if contains(n.subscriber_sns_topic_arns, var.topic_arn)]) == 2
    error_message = "the other alerts must reach the owner's topic"
  }
}

run "no_money_is_refused" {
  command = plan

  variables {
    monthly_usd = 0
  }

  expect_failures = [var.monthly_usd]
}

run "name_with_colon_is_refused" {
  command = plan

  variables {
    name = "a:b"
  }

  expect_failures = [var.name]
}

run "empty_tag_is_refused" {
  command = plan

  variables {
    cost_tag = { key = "", value = "x" }
  }

  expect_failures = [var.cost_tag]
}

run "anomalies_are_watched_only_when_asked" {
  command = plan

  assert {
    condition     = length(aws_ce_anomaly_monitor.project) == 0
    error_message = "a monitor on a tag that is not active is refused by AWS"
  }
}

run "anomalies_of_the_project_are_told_at_once" {
  command = plan

  variables {
    anomaly_usd = 20
  }

  assert {
    condition     = jsondecode(aws_ce_anomaly_monitor.project[0].monitor_specification).Tags.Values == ["salary-prediction"]
    error_message = "only this project's cost must be watched"
  }

  assert {
    condition     = aws_ce_anomaly_subscription.project[0].frequency == "IMMEDIATE" && one(aws_ce_anomaly_subscription.project[0].subscriber).address == var.topic_arn
    error_message = "the topic must be told at once"
  }
}

run "anomaly_of_nothing_is_refused" {
  command = plan

  variables {
    anomaly_usd = 0
  }

  expect_failures = [var.anomaly_usd]
}

run "address_instead_of_topic_is_refused" {
  command = plan

  variables {
    topic_arn = "ml-team@example.com"
  }

  expect_failures = [var.topic_arn]
}
