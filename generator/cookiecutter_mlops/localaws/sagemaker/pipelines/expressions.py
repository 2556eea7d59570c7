"""What stands in a definition for a value: `Get`, `Std:Join`, `Std:JsonGet`; and the conditions on such values."""

import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cookiecutter_mlops.localaws.crud import Document

_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class Unresolved(Exception):
    """An expression has no value; the text becomes the step's FailureReason."""


@dataclass
class Scope:
    """The values that expressions see; `property_file` reads one of a step's files, `read` an S3 address."""

    parameters: dict[str, Any]
    execution: dict[str, Any]
    property_file: Callable[[str, str], str]
    read: Callable[[str], str]
    steps: dict[str, Document] = field(default_factory=dict)  # what Describe answers of each finished step

    def resolved(self, value: Any) -> Any:
        """Return a part of a definition with the values of its expressions."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        functions: dict[str, Callable[[Any], Any]] = {
            "Get": self._get,
            "Std:Join": self._join,
            "Std:JsonGet": self._json_get,
        }
        if len(value) == 1:
            name, inner = next(iter(value.items()))
            if name in functions:
                return functions[name](inner)
        return {name: self.resolved(item) for name, item in value.items()}

    def holds(self, condition: Document) -> bool:
        """Return whether a condition is met."""
        kind = condition["Type"]
        if kind == "Not":
            return not self.holds(condition["Expression"])
        if kind == "Or":
            return any(self.holds(item) for item in condition["Conditions"])
        if kind == "In":
            return self.resolved(condition["QueryValue"]) in self.resolved(condition["Values"])
        if kind not in _COMPARISONS:
            raise Unresolved(f"there is no condition of type {kind}")
        left, right = self.resolved(condition["LeftValue"]), self.resolved(condition["RightValue"])
        try:
            return _COMPARISONS[kind](left, right)
        except TypeError:
            raise Unresolved(f"{kind} cannot compare {json.dumps(left)} with {json.dumps(right)}") from None

    def _get(self, path: str) -> Any:
        kind, _, rest = path.partition(".")
        if kind == "Parameters" and rest in self.parameters:
            return self.parameters[rest]
        if kind == "Execution" and rest in self.execution:
            return self.execution[rest]
        if kind == "Steps":
            name, _, inner = rest.partition(".")
            return at(self.steps.get(name, {}), inner, path)
        raise Unresolved(f"{path} is not defined")

    def _join(self, arguments: Document) -> str:
        values = [self.resolved(value) for value in arguments["Values"]]
        return arguments.get("On", "").join(v if isinstance(v, str) else json.dumps(v) for v in values)

    def _json_get(self, arguments: Document) -> Any:
        """Return a value of a JSON file: a property file of a processing step, or an object in S3."""
        if "PropertyFile" in arguments:
            place = arguments["PropertyFile"]["Get"]
            _, step, _, name = place.split(".", 3)
            text = self.property_file(step, name)
        else:
            place = self.resolved(arguments["S3Uri"])
            text = self.read(place)
        try:
            return at(json.loads(text), self.resolved(arguments["Path"]), place)
        except ValueError:
            raise Unresolved(f"{place} is not a JSON file") from None


def at(value: Any, path: str, what: str) -> Any:
    """Return what a path such as `Outputs['train'].S3Output.S3Uri` or `metrics[0].value` points at.

    A list of named things, such as the outputs of a processing job, is also asked by name.
    """
    for name, index, single, double in _PART.findall(path.removeprefix("$")):
        key = name or single or double
        try:
            value = value[int(index)] if index else _member(value, key)
        except (KeyError, IndexError, TypeError):
            raise Unresolved(f"{what} has no value at {path}") from None
    return value


def _member(value: Any, key: str) -> Any:
    if not isinstance(value, list):
        return value[key]
    named = [item for item in value if key in (item[member] for member in item if member.endswith("Name"))]
    return named[0]
