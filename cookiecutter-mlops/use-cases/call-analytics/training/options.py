"""What [use_case] of project.toml says: which column is what, what is private, and how calls are grouped."""

from dataclasses import dataclass, field
from typing import Any

from training.settings import Settings, SettingsError, section

METHODS = ("kmeans", "agglomerative", "dbscan", "neighbours")


@dataclass(frozen=True)
class Grouping:
    """`[use_case.groups]`: how calls are grouped."""

    method: str = "kmeans"
    count: int = 0  # groups; 0: as many as give the best silhouette
    radius: float = 0.0  # of dbscan, a cosine distance; 0: from the distances in the data
    minimum: int = 5  # calls that make a group of dbscan
    neighbours: int = 5  # that vote on a new call


@dataclass(frozen=True)
class Options:
    """`[use_case]`: which columns hold what, and what is private."""

    text: str = "text"
    speaker: str | None = None  # without it, every turn is the customer's
    customer: str = "customer"
    slots: str | None = None
    private: tuple[str, ...] = ()
    groups: Grouping = field(default_factory=Grouping)


def check(settings: Settings) -> None:
    """Raise a SettingsError where project.toml names what cannot be learned."""
    from training import intents  # scikit-learn, which who only reads options does without

    options(settings)
    intents.estimator(settings)


def options(settings: Settings) -> Options:
    """The table as a dataclass; a SettingsError names the entry, the rule and a good example."""
    given = dict(settings.use_case)
    groups = section(Grouping, given.pop("groups", {}), "[use_case.groups]")
    found = section(Options, given | {"groups": groups, "private": tuple(given.get("private", ()))}, "[use_case]")
    names = [column.name for column in settings.columns]
    for name in ("text", "speaker", "slots"):
        value = getattr(found, name)
        _require(value is None or value in names, f"[use_case]: {name} must be a column: {', '.join(names)}", value)
    _require(settings.data.group is not None, '[data]: group must name the column of the call, such as "call"', None)
    _require(groups.method in METHODS, f"[use_case.groups]: method must be one of {', '.join(METHODS)}", groups.method)
    _require(groups.count == 0 or groups.count > 1, "[use_case.groups]: count must be 0, or 2 or more", groups.count)
    _require(0 <= groups.radius <= 2, "[use_case.groups]: radius must be from 0 to 2, such as 0.3", groups.radius)
    for name in ("minimum", "neighbours"):
        value = getattr(groups, name)
        _require(value > 0, f"[use_case.groups]: {name} must be 1 or more, such as 5", value)
    return found


def _require(condition: bool, rule: str, value: Any) -> None:
    if not condition:
        raise SettingsError(f"project.toml: {rule} (now: {value!r}).")
