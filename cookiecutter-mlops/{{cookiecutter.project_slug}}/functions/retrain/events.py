"""What a message of the queue means: work, the end of a run, or a look at the clock. Anything else is an error."""

import json
import re
from dataclasses import dataclass
from typing import Any

from .state import Work

MANIFEST = "_SUCCESS"
ENDS = ("SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELED")


@dataclass(frozen=True)
class Happening:
    """One message. `identity` tells a repeated delivery; an event that asks for nothing has neither work nor end."""

    identity: str = ""
    work: Work | None = None
    ended: str = ""  # the execution that ended
    succeeded: bool = False


def read(message: dict[str, Any], arrival: str) -> Happening:
    """Understand one SQS message; ValueError for one that nobody who may write here would send."""
    event = json.loads(message["body"])
    if not isinstance(event, dict):
        raise ValueError(f"a message must be a JSON object, not {message['body'][:80]!r}")
    if "reason" in event:
        return of_schedule(event, message["messageId"])
    reader = READERS.get(event.get("detail-type", ""))
    if reader is None:
        raise ValueError(f"unknown event {event.get('detail-type')!r} of {event.get('source')!r}")
    try:
        return reader(event, arrival)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{event['detail-type']}: has no {error}") from None


def of_schedule(event: dict[str, Any], message_id: str) -> Happening:
    """EventBridge Scheduler: the project's schedule, or the tick by which nothing that waits is forgotten."""
    if event["reason"] == "tick":
        return Happening()
    return Happening(f"schedule/{event.get('id') or message_id}", Work("schedule", tidy(str(event["reason"]))))


def of_object(event: dict[str, Any], arrival: str) -> Happening:
    """Data: with manifests only those count, else every object but the hidden ones."""
    stored = event["detail"]["object"]
    key, file = stored["key"], stored["key"].rpartition("/")[2]
    counts = file == MANIFEST if arrival == "manifest" else bool(file) and file[0] not in "_."
    if not key.startswith("raw/") or not counts:
        return Happening()
    return Happening(f"object/{key}/{stored.get('version-id') or stored['etag']}", Work("data", tidy(f"data {key}")))


def of_alarm(event: dict[str, Any], arrival: str) -> Happening:
    """Drift or a loss of quality, by the alarm's name; one that is over asks for nothing."""
    if event["detail"]["state"]["value"] != "ALARM":
        return Happening()
    return Happening(f"event/{event['id']}", Work("alarm", tidy(f"alarm {event['detail']['alarmName']}")))


def of_pipeline(event: dict[str, Any], arrival: str) -> Happening:
    """The train pipeline's own news; the lock cares for the end."""
    state = event["detail"]["state"]
    return Happening(ended=event["detail"]["execution-id"] if state in ENDS else "", succeeded=state == "SUCCEEDED")


def tidy(text: str) -> str:
    """Text that is safe as a variable of the pipeline, which puts it into the JSON of a build's environment."""
    return re.sub(r"[^A-Za-z0-9 _.,:;=@/+()-]", "_", text).strip()[:200] or "no reason"


READERS = {
    "Object Created": of_object,
    "CloudWatch Alarm State Change": of_alarm,
    "CodePipeline Pipeline Execution State Change": of_pipeline,
}
