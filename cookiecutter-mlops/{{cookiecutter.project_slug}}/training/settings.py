"""What project.toml says, checked and typed. Standard library only, so that every environment can read it.

python -m training.settings     # checks project.toml and prints one sentence if something is wrong with it
"""

import hashlib
import os
import sys
import tomllib
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from training.limits import Drift
from training.sections import SettingsError, refuse_unknown, require, section
from training.sections import UserError as UserError  # whoever reads settings has errors for people, too

PROJECT = Path("project.toml")
COLUMN_TYPES = ("number", "category", "boolean", "date", "text", "labels")
# Which metrics exist, and whether more is better; the best value of those is 1, of the others 0.
METRICS = {
    "regression": {"mae": False, "rmse": False, "r2": True},
    "classification": {"accuracy": True, "f1_macro": True, "log_loss": False},
    # Of the labels of a row, and (group_) of all labels of the rows of a group.
    "multilabel": dict.fromkeys(("exact_match", "f1_macro", "f1_micro", "group_exact_match", "group_f1_macro"), True),
    # Of several values that a row holds, written as a JSON object: the share that is right, of rows with all right.
    "extraction": {"exact_match": True, "complete": True},
    "summarization": {"rouge1": True, "rouge2": True, "rougeL": True},  # of summaries, beside those that people wrote
}
TARGETS = {
    "regression": ("number",),
    "classification": ("category", "boolean"),
    "multilabel": ("labels",),
    "extraction": ("text",),
    "summarization": ("text",),
}


@dataclass(frozen=True)
class Problem:
    """`[problem]`: what kind it is, which column is predicted, and by which metric models are compared."""

    type: str
    target: str
    metric: str


@dataclass(frozen=True)
class Data:
    """`[data]`: where the sample is, and how rows are read and held out."""

    sample: str = "data/sample.csv"
    holdout: float = 0.2
    seed: int = 0
    group: str | None = None  # a column whose rows stay together on one side of the hold-out, such as those of a call
    decimal: str = "."  # the mark in the numbers of csv and tsv files
    memory_gb: float | None = None  # for rows; larger data is learned from in batches. Half of the machine's by default


@dataclass(frozen=True)
class Gate:
    """`[gate]`: what a candidate must reach; shares are from 0 to 1."""

    minimum_rows: int = 100
    improvement_over_baseline: float = 0.05
    threshold: float | None = None
    improvement_over_live: float = 0.0  # share of the live model's loss that must be gone on the same rows
    tolerance: float = 0.02  # share of it by which chance may hide that
    require_live_comparison: bool = True
    slices: dict[str, float] = field(default_factory=dict)  # by column: share by which no value's loss may be larger
    slice_rows: int = 50  # a value with fewer rows in the hold-out is not judged


@dataclass(frozen=True)
class Model:
    """`[model]`: which estimator, with what, and what may be tried."""

    name: str = "gradient-boosting"
    weights: str = ""  # what is learned further: a folder below weights/ of the models bucket, the channel `weights`
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)  # what training/search.py tries; see training/ranges.py


@dataclass(frozen=True)
class Column:
    """One `[[columns]]`: its type and the values that it may have."""

    name: str
    type: str
    minimum: Any = None
    maximum: Any = None
    categories: tuple[str, ...] = ()
    missing: float = 1.0  # the largest accepted share of missing values
    separator: str = "|"  # between several labels
    training_only: bool = False  # known of what is learned from, and no part of a request


@dataclass(frozen=True)
class Settings:
    """All of project.toml, checked."""

    problem: Problem
    data: Data
    columns: tuple[Column, ...]
    gate: Gate
    model: Model
    drift: Drift
    use_case: dict[str, Any] = field(default_factory=dict)  # what only this use case's training/ reads
    sha256: str = ""

    @property
    def target(self) -> Column:
        """The column that is predicted."""
        return next(column for column in self.columns if column.name == self.problem.target)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that a request holds."""
        target = self.problem.target
        return tuple(column for column in self.columns if column.name != target and not column.training_only)

    @property
    def higher_is_better(self) -> bool:
        """Whether the metric grows with quality."""
        return METRICS[self.problem.type][self.problem.metric]

    def with_hyperparameters(self, values: dict[str, Any]) -> "Settings":
        """The same settings, with what a training job was started with laid over them (an experiment or a tuner)."""
        return replace(self, model=replace(self.model, hyperparameters=self.model.hyperparameters | values))


def load_settings(path: Path = PROJECT) -> Settings:
    """Read project.toml; a SettingsError names the entry, the rule and a good example."""
    try:
        text = path.read_bytes()
        settings = parse_settings(tomllib.loads(text.decode()), sha256=hashlib.sha256(text).hexdigest())
        if os.environ.get("MLOPS_WEIGHTS") == "none":  # so say the project's own tests: where they run no weights lie
            settings = replace(settings, model=replace(settings.model, weights=""))
        return settings
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file; it describes the problem and its columns.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a TOML file: {error}.") from None


def parse_settings(document: dict[str, Any], sha256: str = "") -> Settings:
    """Settings from a parsed project.toml."""
    known = {"problem": Problem, "data": Data, "gate": Gate, "model": Model, "drift": Drift}
    refuse_unknown("project.toml", document, [*known, "columns", "use_case"])
    sections = {name: section(kind, document.get(name, {}), f"[{name}]") for name, kind in known.items()}
    columns = tuple(_column(entry) for entry in document.get("columns", []))
    settings = Settings(columns=columns, sha256=sha256, use_case=document.get("use_case", {}), **sections)
    _check(settings)
    return settings


def _column(entry: dict[str, Any]) -> Column:
    where = f"[[columns]] {entry.get('name', '')!r}"
    column = section(Column, entry | {"categories": tuple(entry.get("categories", ()))}, where)
    require(column.type in COLUMN_TYPES, f"{where}: type must be one of {', '.join(COLUMN_TYPES)}", column.type)
    require(0 <= column.missing <= 1, f"{where}: missing must be a share from 0 to 1, such as 0.1", column.missing)
    texts = all(isinstance(category, str) for category in column.categories)
    require(texts, f'{where}: categories must be texts, such as ["0", "1"]', column.categories)
    for bound in (column.minimum, column.maximum):
        rule = f"{where}: minimum and maximum must be {_BOUNDS.get(column.type, 'left out')}"
        require(bound is None or _is_bound(bound, column.type), rule, bound)
    return column


_BOUNDS = {"number": "numbers, such as 0", "date": "dates, such as 2020-01-31"}


def _is_bound(value: Any, kind: str) -> bool:
    if kind == "date" and isinstance(value, str):
        try:
            return bool(date.fromisoformat(value))
        except ValueError:
            return False
    right: Any = {"number": (int, float), "date": date}.get(kind, ())
    return isinstance(value, right) and not isinstance(value, bool)


def _check(settings: Settings) -> None:
    problem, data, names = settings.problem, settings.data, [column.name for column in settings.columns]
    require(problem.type in METRICS, f"[problem]: type must be {' or '.join(METRICS)}", problem.type)
    metrics = METRICS[problem.type]
    require(problem.metric in metrics, f"[problem]: metric must be one of {', '.join(metrics)}", problem.metric)
    require(len(set(names)) == len(names), "[[columns]]: each name must occur once", names)
    require(problem.target in names, f"[problem]: target must be a column: {', '.join(names)}", problem.target)
    require(len(names) > 1, "[[columns]]: at least one column beside the target is needed", names)
    wanted = TARGETS[problem.type]
    rule = f"[problem]: the target of a {problem.type} must be a {' or '.join(wanted)} column"
    require(settings.target.type in wanted, rule, settings.target.type)
    require(data.seed >= 0, "[data]: seed must be 0 or more", data.seed)
    require(0 < data.holdout < 1, "[data]: holdout must be between 0 and 1: 0.2", data.holdout)
    rule = f"[data]: group must be a column: {', '.join(names)}"
    require(data.group is None or data.group in names, rule, data.group)
    require(data.decimal in (".", ","), '[data]: decimal must be "." or ","', data.decimal)
    require(data.memory_gb is None or data.memory_gb > 0, "[data]: memory_gb must be more than 0: 4", data.memory_gb)
    for rule, value in settings.drift.broken():
        require(False, rule, value)
    _check_gate(settings)


def _check_gate(settings: Settings) -> None:
    gate = settings.gate
    require(gate.minimum_rows > 0, "[gate]: minimum_rows must be 1 or more", gate.minimum_rows)
    for name in ("improvement_over_baseline", "improvement_over_live"):
        share = getattr(gate, name)
        require(0 <= share <= 1, f"[gate]: {name} must be a share from 0 to 1, such as 0.1", share)
    require(0 <= gate.tolerance < 1, "[gate]: tolerance must be a share from 0 to 1, such as 0.02", gate.tolerance)
    require(gate.slice_rows > 0, "[gate]: slice_rows must be 1 or more", gate.slice_rows)
    known = [column.name for column in settings.features if column.type in ("category", "boolean")]
    for name, limit in gate.slices.items():
        rule = f"[gate.slices]: {name!r} must be a category or boolean column"
        require(name in known, f"{rule}: {', '.join(known) or 'there is none'}", name)
        is_share = isinstance(limit, int | float) and not isinstance(limit, bool) and limit >= 0
        require(is_share, f"[gate.slices]: {name} must be a share such as 0.1", limit)


if __name__ == "__main__":
    from training import options  # of the use case, which reads this file

    try:
        options.check(load_settings())
    except UserError as problem:
        sys.exit(str(problem))
