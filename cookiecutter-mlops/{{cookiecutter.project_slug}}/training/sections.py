"""A table of project.toml as a dataclass, or one sentence that says what is wrong with it. Standard library only."""

import difflib
from dataclasses import MISSING, fields
from typing import Any


class UserError(Exception):
    """Something that a person can mend: its text is one sentence, and nobody needs a traceback."""


class SettingsError(UserError):
    """project.toml breaks a rule."""


def section(kind: type, values: dict[str, Any], where: str) -> Any:
    """One table of the file as its dataclass; the annotations of the dataclass say which types are right."""
    refuse_unknown(where, values, [f.name for f in fields(kind)])
    for f in fields(kind):
        if f.name in values and f.type in _TYPES:
            right, example = _TYPES[f.type]
            is_right = isinstance(values[f.name], right) and isinstance(values[f.name], bool) == (right is bool)
            require(is_right, f"{where}: {f.name} must be {example}", values[f.name])
    required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    for name in required:
        require(name in values, f"{where}: {name} is missing", None)
    return kind(**values)


_TYPES: dict[Any, tuple[Any, str]] = {
    str: (str, 'a text, such as "mae"'),
    bool: (bool, "true or false"),
    int: (int, "a whole number, such as 500"),
    float: ((int, float), "a number, such as 0.1"),
    float | None: ((int, float), "a number, such as 12.5"),
    str | None: (str, 'a text, such as "call"'),
    dict[str, float]: (dict, "a table, such as { region = 0.1 }"),
    dict[str, Any]: (dict, "a table, such as { max_iter = 200 }"),
}


def refuse_unknown(where: str, values: Any, known: list[str]) -> None:
    """Name an entry that is not known, and the nearest one that is."""
    require(isinstance(values, dict), f"{where}: must be a table", values)
    for name in values.keys() - set(known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
        raise SettingsError(f"project.toml: {where}: there is no entry {name!r}; {hint}")


def require(condition: bool, rule: str, value: Any) -> None:
    """Or else a SettingsError with the rule and the value."""
    if not condition:
        raise SettingsError(f"project.toml: {rule} (now: {value!r}).")
