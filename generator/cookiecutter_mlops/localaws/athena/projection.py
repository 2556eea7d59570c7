"""Partition projection: which partitions a table has, told by its properties and not by Glue's list of them.

Athena makes every value of the projected ranges and looks into its folder. What comes of it is the same as here: the
objects whose address is one that the template makes from values in range.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import NotEmulated

# What Java's DateTimeFormatter calls the parts that projected dates have.
_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_UNITS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 7 * 86400}
Values = dict[str, str]


def is_on(parameters: Values) -> bool:
    """Whether partitions are computed from a table's properties, and not listed by Glue."""
    return parameters.get("projection.enabled", "").lower() == "true"


def reader(parameters: Values, keys: list[str], location: str) -> Callable[[str], Values | None]:
    """A function from an object's address to the values of its partition, or None where it is in none."""
    folders = location.rstrip("/") + "/" + "".join(f"{key}=${{{key}}}/" for key in keys)
    template = parameters.get("storage.location.template", folders)
    parts = re.split(r"\$\{(\w+)\}", template.rstrip("/") + "/")
    pattern = re.compile("".join(f"(?P<{p}>[^/]+)" if n % 2 else re.escape(p) for n, p in enumerate(parts)))
    checks = {key: _check(parameters, f"projection.{key}") for key in keys}

    def values(address: str) -> Values | None:
        found = pattern.match(address)
        if not found or not all(checks[key](found[key]) for key in keys):
            return None
        return {key: found[key] for key in keys}

    return values


def _check(parameters: Values, name: str) -> Callable[[str], bool]:
    """Whether a value is one that the column's projection makes."""
    settings = {key.removeprefix(f"{name}."): value for key, value in parameters.items() if key.startswith(f"{name}.")}
    kind = settings.get("type", "").lower()
    if kind == "enum":
        return {value.strip() for value in settings["values"].split(",")}.__contains__
    if kind == "integer":
        return _whole_numbers(settings)
    if kind == "date":
        return _dates(settings, name)
    raise NotEmulated(f"athena:StartQueryExecution of a table with {name}.type = {settings.get('type')!r}")


def _whole_numbers(settings: Values) -> Callable[[str], bool]:
    first, last = (int(value) for value in settings["range"].split(","))
    digits = int(settings.get("digits", 1))
    known = range(first, last + 1, int(settings.get("interval", 1)))
    return lambda value: value.lstrip("-").isdigit() and int(value) in known and value == f"{int(value):0{digits}}"


def _dates(settings: Values, name: str) -> Callable[[str], bool]:
    if settings.get("interval", "1") != "1":
        raise NotEmulated(f"athena:StartQueryExecution of a table with {name}.interval = {settings['interval']}")
    form = re.sub("yyyy|MM|dd|HH|mm|ss", lambda found: _FORMATS[found[0]], settings["format"].replace("'", ""))
    first, last = (_moment(value.strip(), form) for value in settings["range"].split(","))

    def known(value: str) -> bool:
        try:
            moment = datetime.strptime(value, form)
        except ValueError:
            return False
        return first <= moment <= last and moment.strftime(form) == value

    return known


def _moment(text: str, form: str) -> datetime:
    """An end of a range: a date, or NOW with a distance such as NOW-3YEARS or NOW+1DAY, as the embedded clock goes."""
    found = re.fullmatch(r"NOW(?:\s*([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?", text.upper())
    if not found:
        return datetime.strptime(text, form)
    now: Any = clock.now().replace(tzinfo=None)
    if found[1] is None:
        return now
    count, unit = int(f"{found[1]}{found[2]}"), found[3]
    if unit in _UNITS:
        return now + timedelta(seconds=count * _UNITS[unit])
    months = now.year * 12 + now.month - 1 + count * (12 if unit == "YEAR" else 1)
    return now.replace(year=months // 12, month=months % 12 + 1, day=min(now.day, 28))
