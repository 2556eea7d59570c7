"""Metric filters of CloudWatch Logs: terms, and selectors of JSON lines; a pattern of another kind is refused.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import operator
import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from cookiecutter_mlops.localaws import metrics
from cookiecutter_mlops.localaws.extension import NotEmulated

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_TEST = re.compile(r"\$\.([\w.\[\]]+)\s*(=|!=|>=|<=|>|<)\s*(\"[^\"]*\"|[^\s()&|]+)")
_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Pattern:
    """A filter pattern. Terms: all plain ones, none with `-`, at least one with `?`; or `{ $.a = "b" && $.c > 1 }`."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if self.text.startswith("[") or (self.text.startswith("{") and not self._parse_selectors()):
            raise NotEmulated(f"the filter pattern {text}")
        self.terms = [(sign, quoted or word) for sign, quoted, word in _TERM.findall(self.text)]

    def _parse_selectors(self) -> bool:
        """Split `{ … }` into alternatives of tests; return whether that is all that there is."""
        inner = self.text.strip("{} ")
        self.alternatives = [_TEST.findall(part) for part in inner.split("||")]
        return not re.sub(r"[\s()&|]", "", _TEST.sub("", inner)) and all(self.alternatives)

    def matches(self, line: str) -> bool:
        if self.text.startswith("{"):
            return self._selects(line)
        wanted = [term for sign, term in self.terms if not sign]
        unwanted = [term for sign, term in self.terms if sign == "-"]
        either = [term for sign, term in self.terms if sign == "?"]
        return (
            all(term in line for term in wanted)
            and not any(term in line for term in unwanted)
            and (not either or any(term in line for term in either))
        )

    def _selects(self, line: str) -> bool:
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return any(all(_holds(document, *test) for test in tests) for tests in self.alternatives)


def publish(account: str, region: str, found: dict[str, Any], lines: Iterable[str]) -> None:
    """Publish what a metric filter makes of new lines."""
    pattern = Pattern(found["filterPattern"])
    for line in filter(pattern.matches, lines):
        for made in found["metricTransformations"]:
            if (value := _value(made["metricValue"], line)) is not None:
                dimensions = {name: str(_field(path, line)) for name, path in (made.get("dimensions") or {}).items()}
                metrics.publish(account, region, made["metricNamespace"], dimensions, {made["metricName"]: value})


def _value(text: str, line: str) -> float | None:
    try:
        return float(_field(text, line) if text.startswith("$.") else text)
    except (ValueError, TypeError):
        return None


def _field(path: str, line: str) -> Any:
    return _at(json.loads(line), path.removeprefix("$."))


def _holds(document: Any, path: str, comparison: str, wanted: str) -> bool:
    value = _at(document, path)
    if comparison in _NUMBERS:
        return isinstance(value, int | float) and _NUMBERS[comparison](value, float(wanted))
    text = "" if value is None else json.dumps(value) if not isinstance(value, str) else value
    return (value is not None and fnmatchcase(text, wanted.strip('"'))) == (comparison == "=")


def _at(document: Any, path: str) -> Any:
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        try:
            document = document[int(index) if index else name]
        except (KeyError, IndexError, TypeError):
            return None
    return document
