"""Edits of rules, schedules, queues, alarms and budgets."""

from tests.policy.mutation import END, Mutation

EVENTS = [
    Mutation(
        "event-that-cannot-be-delivered-is-kept",
        "codepipeline/events.tf",
        r"\n *dead_letter_config \{[^}]*\}(?=\s+retry_policy \{[^}]*\}\s+input_transformer)",
        "",
        r"aws_cloudwatch_event_target.failed",
    ),
    Mutation(
        "event-retries-are-bounded",
        "codepipeline/events.tf",
        r"\n *retry_policy \{[^}]*\}(?=\s+input_transformer)",
        "",
        r"aws_cloudwatch_event_target.failed",
    ),
    Mutation(
        "event-pattern-names-its-source",
        "codepipeline/events.tf",
        r"^ *detail      = \{ pipeline.*\n",
        "",
        r"aws_cloudwatch_event_rule.failed",
    ),
    Mutation(
        "schedule-starts-no-work-every-minute",
        "codepipeline/events.tf",
        END,
        """
resource "aws_cloudwatch_event_rule" "often" {
  name                = "often"
  schedule_expression = "rate(1 minute)"
}
""",
        r"aws_cloudwatch_event_rule.often",
    ),
    Mutation(
        "dead-letters-outlive-a-long-weekend",
        "lambda-invoker/main.tf",
        r"(message_retention_seconds =) .*",
        r"\1 3600",
        r"invoker.*aws_sqs_queue",
    ),
    Mutation(
        "alarm-tells-somebody",
        "sagemaker-endpoint/alarms.tf",
        r"^ *alarm_actions .*\n(?=(.*\n){3,5}  metric_query)",
        "",
        r"aws_cloudwatch_metric_alarm.share",
    ),
    Mutation(
        "budget-tells-at-80-100-and-forecast",
        "cost-budget/main.tf",
        r"^ *subscriber_sns_topic_arns .*\n",
        "",
        r"aws_budgets_budget",
    ),
    Mutation(
        "budget-tells-at-80-100-and-forecast",
        "cost-budget/main.tf",
        r'^ *\{ kind = "FORECASTED".*\n',
        "",
        r"aws_budgets_budget",
    ),
]
