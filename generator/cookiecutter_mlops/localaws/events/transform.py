"""What a target receives: the event, a part of it, a constant, or a template filled from it."""

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.events.models import Rule

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


def target_input(rule: "Rule", target: dict[str, Any], event: dict[str, Any]) -> str:
    """Return the text that a rule sends to one target."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(at_path(event, target["InputPath"], None))
    if "InputTransformer" in target:
        return _transformed(rule, target["InputTransformer"], event)
    return json.dumps(event)


def at_path(event: Any, path: str, default: Any = _MISSING) -> Any:
    """Return what a JSON path such as `$.detail.files[0]` points at."""
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        try:
            event = event[int(index) if index else name or quoted]
        except (KeyError, IndexError, TypeError):
            return default
    return event


def _transformed(rule: "Rule", transformer: dict[str, Any], event: dict[str, Any]) -> str:
    values = {name: at_path(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.json": event,
        "aws.events.event": event,
        "aws.events.event.ingestion-time": event.get("time", ""),
    }
    template = transformer["InputTemplate"]
    return _PLACEHOLDER.sub(lambda found: _filled(values, template, found), template)


def _filled(values: dict[str, Any], template: str, found: re.Match[str]) -> str:
    """Return a value as its place needs it: bare inside a JSON string, as JSON elsewhere."""
    value = values.get(found.group(1), _MISSING)
    within_string = len(re.findall(r'(?<!\\)"', template[: found.start()])) % 2 == 1
    if value is _MISSING:
        return "" if within_string else '""'
    if within_string:
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]
    return json.dumps(value)
