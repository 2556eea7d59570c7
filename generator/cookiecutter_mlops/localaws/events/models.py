"""Rules that fire as on AWS: only while enabled, to every kind of target that projects use, never failing PutEvents."""

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.events import models as moto_models
from moto.events.exceptions import InvalidEventPatternException, ResourceNotFoundException, ValidationException

from cookiecutter_mlops.localaws import clock, delivery
from cookiecutter_mlops.localaws.events.transform import target_input
from cookiecutter_mlops.localaws.schedules import Expression, Recurrence

log = logging.getLogger(__name__)

# The comparisons that moto's matcher knows. It lets an event pass on any other, so those are refused.
_OPERATORS = {
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
}


class Rule(moto_models.Rule):
    """One rule with its targets; one with a schedule fires on the clock, while its bus knows it."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        if self.scheduled_expression:
            Recurrence(Expression(self.scheduled_expression, anchor=clock.time()), self._tick, self._lives)

    def _lives(self) -> bool:
        return events_backend(self).event_buses[self.event_bus_name].rules.get(self.name) is self

    def _tick(self, moment: float) -> None:
        """Send the event of a schedule."""
        if self.state == "DISABLED":
            return
        event = {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events"}
        event |= {"account": self.account_id, "time": clock.iso(moment), "region": self.region_name}
        for target in list(self.targets):
            self._deliver(target, event | {"resources": [self.arn], "detail": {}})

    def send_to_targets(self, original_event: Any, transform_input: bool = True) -> None:
        """Deliver an event that matches; S3's own events come with `transform_input` off, which is not AWS's way."""
        if self.state == "DISABLED" or not self.event_pattern.get_pattern():
            return
        if self.event_pattern.matches_event(original_event):
            event = _as_sent(original_event)
            for target in list(self.targets):
                self._deliver(target, event)

    def _deliver(self, target: dict[str, Any], event: dict[str, Any]) -> None:
        sender = delivery.Sender("events.amazonaws.com", self.arn, target.get("RoleArn") or "")
        try:
            text = target_input(self, target, event)
        except Exception as error:  # a template that cannot be filled must not fail who sent the event
            log.warning("Rule %s has no input for %s: %s: %s", self.name, target["Arn"], type(error).__name__, error)
            return
        delivery.deliver(sender, target, text, json.dumps(event))


class EventsBackend(moto_models.EventsBackend):
    """moto's rules, with deliveries, schedules and tags that last."""

    def list_tags_for_resource(self, arn: str) -> dict[str, list[dict[str, str]]]:
        return self.tagger.list_tags_for_resource(self._tagged(arn))

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        self.tagger.tag_resource(self._tagged(arn), self.tagger.convert_dict_to_tags_input(tags))

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self.tagger.untag_resource_using_names(self._tagged(arn), tag_keys)

    def _tagged(self, arn: str) -> str:
        """Return the ARN of a rule or bus that is there; moto mixes up rules of the same name on two buses."""
        for bus in self.event_buses.values():
            if arn in {bus.arn, *(rule.arn for rule in list(bus.rules.values()))}:
                return arn
        raise ResourceNotFoundException(f"Rule {arn.rpartition('/')[2]} does not exist on EventBus default.")

    def put_rule(self, *arguments: Any, **settings: Any) -> moto_models.Rule:
        """Refuse a schedule expression that EventBridge refuses."""
        if text := settings.get("scheduled_expression"):
            try:
                if Expression(text).kind == "at":
                    raise ValueError(text)
            except ValueError:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from None
        return super().put_rule(*arguments, **settings)


def events_backend(rule: Rule) -> Any:
    """Return the backend that a rule belongs to."""
    return moto_models.events_backends[rule.account_id][rule.region_name]


def validate_pattern(parser: Any, pattern: dict[str, Any]) -> None:
    """Refuse a pattern that EventBridge refuses: values that are no lists, empty lists, unknown comparisons."""
    if not isinstance(pattern, dict):
        raise InvalidEventPatternException(reason="Filter is not an object")
    if not pattern and parser.pattern:  # a rule with a schedule has none
        raise InvalidEventPatternException(reason="Empty objects are not allowed")
    for name, value in pattern.items():
        if isinstance(value, dict):
            validate_pattern(parser, value)
        elif not isinstance(value, list):
            raise InvalidEventPatternException(reason=f"'{name}' must be an object or an array")
        elif not value:
            raise InvalidEventPatternException(reason="Empty arrays are not allowed")
        else:
            for item in value:
                _validate_item(parser, name, item)


def _validate_item(parser: Any, name: str, item: Any) -> None:
    if name == "$or":
        validate_pattern(parser, item)
    elif isinstance(item, dict) and not (len(item) == 1 and _OPERATORS.issuperset(item)):
        raise InvalidEventPatternException(reason=f"Unrecognized match type {', '.join(item)}")
    elif isinstance(item, dict) and "numeric" in item:
        _validate_numeric(item["numeric"])


def _validate_numeric(comparison: Any) -> None:
    """Refuse a numeric comparison that is not made of pairs of an operator and a number."""
    if not isinstance(comparison, list) or not comparison or len(comparison) % 2:
        raise InvalidEventPatternException(reason="Bad numeric range")
    for operator, number in zip(comparison[::2], comparison[1::2], strict=True):
        if operator not in ("=", "<", "<=", ">", ">="):
            raise InvalidEventPatternException(reason=f"Unrecognized numeric range operator: {operator}")
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise InvalidEventPatternException(reason=f"Value of {operator} must be numeric")


def _as_sent(event: Any) -> dict[str, Any]:
    """Return an event as targets see it: ISO time, and none of moto's own members."""
    sent = {name: value for name, value in event.items() if name not in ("ingestion-time", "replay-name")}
    if isinstance(sent.get("time"), int | float):
        sent["time"] = datetime.fromtimestamp(sent["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return sent
