"""The one place where something is delivered: rules, schedules, alarms and functions send to targets through here.

`deliver` follows the target's retry policy, on the clock, and its dead-letter queue; `send` is one attempt.
"""

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cookiecutter_mlops.localaws import clock, faults, runtime
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import sending

log = logging.getLogger(__name__)
Target = dict[str, Any]  # as EventBridge and Scheduler describe one: Arn, RoleArn, RetryPolicy, DeadLetterConfig, …

_ATTEMPTS, _AGE = 185, 86400  # what AWS takes where the retry policy says nothing
_NAMED = {"events.amazonaws.com": "RULE_ARN", "scheduler.amazonaws.com": "SCHEDULE_ARN"}
_LONGEST = 300  # seconds between two attempts


@dataclass(frozen=True)
class Sender:
    """Who delivers: the service's principal, the ARN of its rule, schedule or function, and the role it acts with."""

    service: str
    arn: str
    role: str = ""


class Unreachable(Exception):
    """A target that cannot be reached now: worth another attempt. All other errors are final, as on AWS."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def deliver(sender: Sender, target: Target, text: str, original: str | None = None) -> None:
    """Send `text` to a target, again and again as its retry policy says; then `original` goes to its dead letters."""
    _Delivery(sender, target, text, original if original is not None else text).attempt()


def send(sender: Sender, target: Target, text: str) -> None:
    """Send `text` to a target once; an error means that it did not arrive."""
    service = target["Arn"].split(":")[2]
    if fault := faults.take("delivery", target["Arn"]):
        raise Unreachable(fault.error or "InternalException", fault.message or "a fault hinders the delivery")
    if service not in _SERVICES:
        raise NotEmulated(f"targets of {service}")
    sending.check(sender, target["Arn"])
    _SERVICES[service](sender, target, text)


def reaches(arn: str) -> bool:
    """Say whether targets of this kind are called here."""
    return arn.split(":")[2] in _SERVICES


class _Delivery:
    """One text on its way to one target."""

    def __init__(self, sender: Sender, target: Target, text: str, original: str) -> None:
        self.sender, self.target, self.text, self.original = sender, target, text, original
        policy = target.get("RetryPolicy") or {}
        self.retries = policy.get("MaximumRetryAttempts", _ATTEMPTS)
        self.expires = clock.time() + policy.get("MaximumEventAgeInSeconds", _AGE)
        self.attempts = 0

    def attempt(self) -> None:
        try:
            send(self.sender, self.target, self.text)
        except Unreachable as error:
            self._again(error)
        except Exception as error:
            self._give_up(error, "")

    def _again(self, error: Unreachable) -> None:
        pause = min(2**self.attempts, _LONGEST)
        self.attempts += 1
        if self.attempts > self.retries:
            self._give_up(error, "MaximumRetryAttempts")
        elif clock.time() + pause > self.expires:
            self._give_up(error, "MaximumEventAgeInSeconds")
        else:
            clock.after(pause, self.attempt)

    def _give_up(self, error: Exception, exhausted: str) -> None:
        arn = self.target["Arn"]
        log.warning("%s could not reach %s: %s: %s", self.sender.arn, arn, type(error).__name__, error)
        if queue := (self.target.get("DeadLetterConfig") or {}).get("Arn"):
            facts = {
                _NAMED.get(self.sender.service, "SENDER_ARN"): self.sender.arn,
                "TARGET_ARN": arn,
                "ERROR_CODE": getattr(error, "code", type(error).__name__),
                "ERROR_MESSAGE": str(error),
                "RETRY_ATTEMPTS": str(max(self.attempts - 1, 0)),
                "EXHAUSTED_RETRY_CONDITION": exhausted,
            }
            to_queue(self._sender_of_dead_letters(), queue, self.original, facts)

    def _sender_of_dead_letters(self) -> Sender:
        """A rule asks the queue's own policy, whatever its target's role may; a schedule sends with its role.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html#eb-dlq-perms
        """
        return replace(self.sender, role="") if self.sender.service == "events.amazonaws.com" else self.sender


def to_queue(sender: Sender, arn: str, text: str, facts: dict[str, str] | None = None) -> None:
    """Put a message into an SQS queue, with `facts` as its attributes; what does not arrive is logged."""
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = arn.split(":", 5)
    given = {key: {"DataType": "String", "StringValue": value[:1000]} for key, value in (facts or {}).items() if value}
    try:
        sending.check(sender, arn)
        sqs_backends[account][region].send_message(name, text, message_attributes=given)
    except Exception as error:
        log.warning("The dead-letter queue %s took no message: %s", arn, error)


def _codebuild(sender: Sender, target: Target, text: str) -> None:
    """Start a build; an input made for it may override what StartBuild may override."""
    from moto.codebuild.models import codebuild_backends

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    shaped = json.loads(text) if {"Input", "InputTransformer"} & target.keys() else {}
    backend: Any = codebuild_backends[account][region]
    backend.start_build({"projectName": name.removeprefix("project/"), **shaped})


def _codepipeline(sender: Sender, target: Target, text: str) -> None:
    """Start the pipeline; an input made for it sets variables and commits, the event itself says nothing to it."""
    from moto.codepipeline.models import codepipeline_backends

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    shaped = json.loads(text) if {"Input", "InputTransformer"} & target.keys() else {}
    variables = {item["name"]: item["value"] for item in shaped.get("variables", [])}
    commits = {item["actionName"]: item["revisionValue"] for item in shaped.get("sourceRevisions", [])}
    backend: Any = codepipeline_backends[account][region]
    backend.start(name, variables, f"CloudWatchEvent: {sender.arn}", commits)


def _lambda(sender: Sender, target: Target, text: str) -> None:
    from moto.awslambda.models import lambda_backends

    _, _, _, region, account, _, name = target["Arn"].split(":", 6)
    asynchronously = {"x-amz-invocation-type": "Event"}
    name, _, qualifier = name.partition(":")
    lambda_backends[account][region].invoke(name, qualifier or None, text, asynchronously, {})


def _sagemaker(sender: Sender, target: Target, text: str) -> None:
    """Start a SageMaker pipeline with the target's parameters; a value such as `$.detail.key` is the event's."""
    from moto.sagemaker.models import sagemaker_backends

    from cookiecutter_mlops.localaws.events.transform import at_path

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    values = {}
    for item in (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList", []):
        value = at_path(json.loads(text), item["Value"], None) if item["Value"].startswith("$.") else item["Value"]
        values[item["Name"]] = value if isinstance(value, str | None) else json.dumps(value)
    parameters = [{"Name": key, "Value": value} for key, value in values.items()]
    backend: Any = sagemaker_backends[account][region]
    backend.start_pipeline_execution({"PipelineName": name.removeprefix("pipeline/"), "PipelineParameters": parameters})


def _sns(sender: Sender, target: Target, text: str) -> None:
    from moto.sns.models import sns_backends

    _, _, _, region, account, _ = target["Arn"].split(":", 5)
    sns_backends[account][region].publish(text, target["Arn"], subject=target.get("Subject"))


def _sqs(sender: Sender, target: Target, text: str) -> None:
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = target["Arn"].split(":", 5)
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    sqs_backends[account][region].send_message(name, text, group_id=group)


def _logs(sender: Sender, target: Target, text: str) -> None:
    from moto.logs.models import logs_backends

    parts = target["Arn"].split(":")
    backend, group = logs_backends[parts[4]][parts[3]], parts[6]
    stream = str(uuid.uuid4())
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": int(clock.time() * 1000), "message": text}])


def _events(sender: Sender, target: Target, text: str) -> None:
    """Put an event on a bus: the one that came, or one whose detail the text is."""
    from moto.events.models import events_backends

    _, _, _, region, account, bus = target["Arn"].split(":", 5)
    named = target.get("EventBridgeParameters")
    event = json.loads(text)
    entry = {"Source": event["source"], "DetailType": event["detail-type"]} if not named else dict(named)
    entry |= {"Detail": text if named else json.dumps(event["detail"]), "EventBusName": bus.removeprefix("event-bus/")}
    entry["Resources"] = [sender.arn] if named else event["resources"]
    events_backends[account][region].put_events([entry])


def _any_call(sender: Sender, target: Target, text: str) -> None:
    """Call an operation of any service with the target's input, as its role: Scheduler's universal targets."""
    import boto3
    from botocore import xform_name
    from botocore.exceptions import ClientError

    from cookiecutter_mlops.localaws.iam import acting

    region = sender.arn.split(":")[3]
    service, operation = target["Arn"].split(":")[-2:]
    session = acting.assume(target["RoleArn"], sender.service, "scheduler", sender.arn, region)
    keys = {name.lower(): value for name, value in session.environment().items()}
    client = boto3.client(service, region_name=region, endpoint_url=runtime.endpoint(), **keys)
    try:
        getattr(client, xform_name(operation[0].upper() + operation[1:]))(**json.loads(text))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (429, 500, 503):
            raise Unreachable(error.response["Error"]["Code"], str(error)) from None
        raise


_SERVICES: dict[str, Callable[[Sender, Target, str], None]] = {
    "codebuild": _codebuild,
    "codepipeline": _codepipeline,
    "events": _events,
    "lambda": _lambda,
    "logs": _logs,
    "sagemaker": _sagemaker,
    "scheduler": _any_call,
    "sns": _sns,
    "sqs": _sqs,
}
