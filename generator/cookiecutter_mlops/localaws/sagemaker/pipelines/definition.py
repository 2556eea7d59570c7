"""A pipeline's definition: its parameters and its steps, in the order that their references ask for."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException

_VERSION = "2020-12-01"
_CASTS: dict[str, Any] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": lambda text: {"true": True, "false": False}[str(text).lower()],
}
Branch = tuple[str, bool]  # a condition step, and the outcome with which it is taken


@dataclass(frozen=True)
class Step:
    """One step; `after` are the steps that must have succeeded, by reference or by DependsOn."""

    name: str
    type: str
    settings: Document  # as the definition has it
    after: frozenset[str]
    branch: Branch | None

    @property
    def arguments(self) -> Document:
        return self.settings.get("Arguments", {})


class Definition:
    """A parsed definition; raises ValidationException for one that AWS refuses."""

    def __init__(self, text: str) -> None:
        document = _parsed(text)
        self.parameters: dict[str, Document] = {item["Name"]: item for item in document.get("Parameters") or []}
        steps = list(_steps(document["Steps"], None))
        self.steps = {step.name: step for step in steps}
        if repeated := [name for name, count in Counter(step.name for step in steps).items() if count > 1]:
            raise _invalid(f"step names must be unique (repeated: {', '.join(repeated)})")
        for step in steps:
            self._check(step)
        self._check_cycles()

    def values(self, given: list[Document]) -> dict[str, Any]:
        """Return the value of each parameter of an execution, with its type: the given one or the default."""
        overrides = {item["Name"]: item["Value"] for item in given}
        if unknown := sorted(overrides.keys() - self.parameters.keys()):
            raise ValidationException(f"Parameters [{', '.join(unknown)}] are not defined in the pipeline definition.")
        values = {name: overrides.get(name, item.get("DefaultValue")) for name, item in self.parameters.items()}
        if missing := sorted(name for name, value in values.items() if value is None):
            raise ValidationException(f"Parameters [{', '.join(missing)}] have no value and no default value.")
        return {name: _typed(self.parameters[name], value) for name, value in values.items()}

    def refuse_unknown_types(self, known: set[str]) -> None:
        """Raise NotEmulated for steps that would not run here."""
        for step in self.steps.values():
            if step.type not in known:
                raise NotEmulated(f"pipeline steps of type {step.type} (step {step.name})")

    def _check(self, step: Step) -> None:
        if unknown := sorted(step.after - self.steps.keys()):
            raise _invalid(f"step {step.name} refers to unknown steps ({', '.join(unknown)})")
        for name in sorted(set(_referenced(_own(step.settings), "Parameters")) - self.parameters.keys()):
            raise _invalid(f"step {step.name} refers to the unknown parameter {name}")

    def _check_cycles(self) -> None:
        done: set[str] = set()
        while ready := {step.name for step in self.steps.values() if step.name not in done and step.after <= done}:
            done |= ready
        if circle := sorted(self.steps.keys() - done):
            raise _invalid(f"the steps {', '.join(circle)} depend on each other in a circle")


def _parsed(text: str) -> Document:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _invalid(f"it is not valid JSON ({error})") from None
    if not isinstance(document, dict) or document.get("Version") != _VERSION:
        raise _invalid(f'Version must be "{_VERSION}"')
    if not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise _invalid("Steps must be a list of at least one step")
    return document


def _invalid(what: str) -> ValidationException:
    return ValidationException(f"Unable to parse pipeline definition: {what}.")


def _steps(documents: list[Document], branch: Branch | None) -> Iterator[Step]:
    """Yield the steps of a list, and those in the branches of its conditions."""
    for settings in documents:
        if not isinstance(settings, dict) or not settings.get("Name") or not settings.get("Type"):
            raise _invalid("each step must have a Name and a Type")
        name, arguments = settings["Name"], settings.get("Arguments", {})
        after = {*settings.get("DependsOn", []), *_referenced(_own(settings), "Steps")}
        yield Step(name, settings["Type"], settings, frozenset(after | ({branch[0]} if branch else set())), branch)
        if settings["Type"] == "Condition":
            yield from _steps(arguments.get("IfSteps") or [], (name, True))
            yield from _steps(arguments.get("ElseSteps") or [], (name, False))


def _own(settings: Document) -> Document:
    """Return a step without the steps in its branches."""
    arguments = settings.get("Arguments", {})
    return settings | {"Arguments": {k: v for k, v in arguments.items() if k not in ("IfSteps", "ElseSteps")}}


def _referenced(value: Any, kind: str) -> Iterator[str]:
    """Yield the names in every `{"Get": "<kind>.<name>…"}`."""
    if isinstance(value, dict):
        path = value.get("Get")
        if len(value) == 1 and isinstance(path, str) and path.startswith(f"{kind}."):
            yield path.split(".")[1]
        for item in value.values():
            yield from _referenced(item, kind)
    elif isinstance(value, list):
        for item in value:
            yield from _referenced(item, kind)


def _typed(parameter: Document, value: Any) -> Any:
    name, kind = parameter["Name"], parameter.get("Type", "String")
    try:
        typed = _CASTS[kind](value)
    except (KeyError, ValueError):
        raise ValidationException(f"The value of parameter {name} must be of type {kind} (got: {value}).") from None
    allowed = parameter.get("EnumValues")
    if allowed and typed not in allowed:
        raise ValidationException(f"The value of parameter {name} must be one of {allowed} (got: {value}).")
    return typed
