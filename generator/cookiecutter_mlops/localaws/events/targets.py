"""The targets that EventBridge delivers to, one function per service."""

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import NotEmulated

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.events.models import Rule


def deliver(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """Send `text`, made from `event`, to one target; an error means that it did not arrive."""
    service = target["Arn"].split(":")[2]
    if service not in _SERVICES:
        raise NotEmulated(f"EventBridge targets of {service}")
    _SERVICES[service](rule, target, event, text)


def _codepipeline(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    """Start the pipeline; an input made for it sets variables and commits, the event itself says nothing to it."""
    from moto.codepipeline.models import codepipeline_backends

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    shaped = json.loads(text) if {"Input", "InputTransformer"} & target.keys() else {}
    variables = {item["name"]: item["value"] for item in shaped.get("variables", [])}
    commits = {item["actionName"]: item["revisionValue"] for item in shaped.get("sourceRevisions", [])}
    backend: Any = codepipeline_backends[account][region]
    backend.start(name, variables, f"CloudWatchEvent: {rule.arn}", commits)


def _lambda(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    from moto.awslambda.models import lambda_backends

    _, _, _, region, account, _, name = target["Arn"].split(":", 6)
    asynchronously = {"x-amz-invocation-type": "Event"}
    lambda_backends[account][region].invoke(name, None, text, asynchronously, {})


def _sns(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    from moto.sns.models import sns_backends

    _, _, _, region, account, _ = target["Arn"].split(":", 5)
    sns_backends[account][region].publish(text, target["Arn"])


def _sqs(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    sqs_backends[account][region].send_message(name, text, group_id=group)


def _logs(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    from moto.logs.models import logs_backends

    parts = target["Arn"].split(":")
    backend, group = logs_backends[parts[4]][parts[3]], parts[6]
    stream = str(uuid.uuid4())
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": int(clock.time() * 1000), "message": text}])


def _events(rule: "Rule", target: dict[str, Any], event: dict[str, Any], text: str) -> None:
    from moto.events.models import events_backends

    _, _, _, region, account, bus = target["Arn"].split(":", 5)
    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
    entry |= {"Resources": event["resources"], "EventBusName": bus.removeprefix("event-bus/")}
    events_backends[account][region].put_events([entry])


_SERVICES: dict[str, Callable[["Rule", dict[str, Any], dict[str, Any], str], None]] = {
    "codepipeline": _codepipeline,
    "events": _events,
    "lambda": _lambda,
    "logs": _logs,
    "sns": _sns,
    "sqs": _sqs,
}
