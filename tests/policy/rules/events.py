"""Events, schedules, queues, alarms and budgets: what starts things, and who is told."""

import json

from tests.policy.plan import UNKNOWN, Plan, Resource
from tests.policy.rule import each, rule

LONGEST_RETRY = 3600  # seconds; a training that starts a day late surprises more than one that is missing


def delivery(target: Resource) -> tuple[dict, dict]:
    """Return (dead letter configuration, retry policy) of a rule's target or a schedule."""
    block = target.one("target") if target.type == "aws_scheduler_schedule" else target.values
    return tuple((block.get(name) or [{}])[0] for name in ("dead_letter_config", "retry_policy"))


@rule(each("aws_cloudwatch_event_target", "aws_scheduler_schedule"))
def event_that_cannot_be_delivered_is_kept(target: Resource, plan: Plan) -> str | None:
    """Every target of a rule or schedule has a dead-letter queue."""
    return None if delivery(target)[0].get("arn") else "has no dead-letter queue"


@rule(each("aws_cloudwatch_event_target", "aws_scheduler_schedule"))
def event_retries_are_bounded(target: Resource, plan: Plan) -> str | None:
    """Delivery is retried for at most an hour (AWS's default is a day), so that nothing starts by surprise."""
    retry = delivery(target)[1]
    age, attempts = retry.get("maximum_event_age_in_seconds"), retry.get("maximum_retry_attempts")
    bounded = age is not None and 60 <= age <= LONGEST_RETRY and attempts is not None and attempts <= 20
    return None if bounded else f"is retried {attempts} times for {age} seconds"


@rule(each("aws_cloudwatch_event_rule"))
def event_pattern_names_its_source(event: Resource, plan: Plan) -> str | None:
    """A rule listens to named sources, and to named resources in them, not to a whole account."""
    pattern = event.values.get("event_pattern")
    if not pattern:
        return None if event.values.get("schedule_expression") else "has neither pattern nor schedule"
    if pattern == UNKNOWN:  # it waits for an ARN, so it names one
        return None
    wanted = json.loads(pattern)
    narrow = wanted.get("source") and (wanted.get("detail") or wanted.get("resources"))
    return None if narrow else f"listens to {', '.join(wanted.get('source', ['everything']))} as a whole"


@rule(each("aws_cloudwatch_event_rule", "aws_scheduler_schedule"))
def schedule_starts_no_work_every_minute(event: Resource, plan: Plan) -> str | None:
    """Jobs and pipelines, which cost, start every five minutes at most; a function that decides may look more often."""
    expression = event.values.get("schedule_expression") or ""
    frantic = [f"rate({count} minutes)" for count in range(2, 5)] + ["rate(1 minute)"]
    targets = [event.one("target")] + [
        each.values for each in plan.beside(event, "aws_cloudwatch_event_target", "rule")
    ]
    decides = any(":lambda:" in str(target.get("arn")) or ":sqs:" in str(target.get("arn")) for target in targets)
    return (
        f"runs at {expression}" if not decides and (expression in frantic or expression.startswith("cron(*")) else None
    )


@rule(each("aws_sqs_queue"))
def dead_letters_outlive_a_long_weekend(queue: Resource, plan: Plan) -> str | None:
    """What nobody consumes is kept for four days at least; a queue with a consumer hands on what it cannot digest."""
    consumed = plan.beside(queue, "aws_lambda_event_source_mapping", "event_source_arn")
    seconds = queue.values.get("message_retention_seconds") or 0
    if not consumed:
        return None if seconds >= 4 * 24 * 3600 else f"forgets after {seconds} seconds"
    return None if queue.values.get("redrive_policy") else "has a consumer but no dead-letter queue"


@rule(each("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"))
def alarm_tells_somebody(alarm: Resource, plan: Plan) -> str | None:
    """Every alarm tells a topic or starts something."""
    on = alarm.values.get("actions_enabled") is not False
    return None if on and alarm.values.get("alarm_actions") else "tells nobody"


@rule(each("aws_budgets_budget"))
def budget_tells_at_80_100_and_forecast(budget: Resource, plan: Plan) -> str | None:
    """The budget tells at 80 %, at 100 %, and when the month's forecast passes 100 %."""
    told = {
        (each["notification_type"], each["threshold"])
        for each in budget.values.get("notification") or []
        if each["subscriber_sns_topic_arns"] or each["subscriber_email_addresses"]
    }
    missing = {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)} - told
    return f"tells nobody at {sorted(missing)}" if missing else None
