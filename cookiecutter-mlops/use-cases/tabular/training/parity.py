"""Proves that a serving plan answers like the pipeline it was made from; a training whose plan does not, fails.

Asked are rows of the hold-out, and the same with one value made strange: missing, left out, never seen, extreme, on a
split of a tree and beside it, texts of every kind. What training/cells.py refuses never reaches a model.
"""

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from inference import build
from inference.plan import Plan
from inference.rows import Row, Rows
from inference.walk import CompiledWalker, Walker
from training.cells import DataError
from training.settings import Column, UserError

LARGEST = 1e-9  # relative difference
ROWS = 500  # of the hold-out
SPLITS = 20  # of each column
NUMBERS = (0, -0.0, 1, -1, 5e-324, 0.1, 1e15, 2**53 + 1, -(10**18), 3.4e38, -3.5e38, 1e300, -1e308, 10**300)
TEXTS = ("", " ", "NaN", "null", "n/a", "None", "TRUE", "no", "0", "1", "3.0", " 7 ", "1e3", "-.5", "abc", "ünïcode",
         "名前", "a" * 5000, "\x00", "a\nb", '"', "'; --", "٣", "1_000", "2024-02-29", "1969-12-31T23:59:59.999999999Z",
         "1677-09-22", "2262-04-11", "2024-05-31 10:30:00+05:30", "2024-02-30")  # fmt: skip


class ParityError(UserError):
    """The plan and the pipeline disagree: a mistake of ours, or of a new entry in ESTIMATORS or ENCODERS."""


def prove(plan: Plan, pipeline: Any, rows: list[Row]) -> dict[str, Any]:
    """How far the plan is from `pipeline`, a function from rows to answers, on rows that it answers; or ParityError."""
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # values are extreme on purpose
        return _prove(plan, *_answered(pipeline, rows))


def _prove(plan: Plan, kept: list[Row], expected: np.ndarray) -> dict[str, Any]:
    worst, walkers = 0.0, _walkers(plan)
    for walker in walkers.values():
        asked = Plan(plan.meaning, plan.arrays, walker)
        got = asked.predict(kept) if plan.meaning.link else asked.encode(kept)
        differences = _differences(expected, got)
        worst = max(worst, float(differences.max(initial=0.0)))
        if not worst <= LARGEST:
            row = kept[int(np.unravel_index(differences.argmax(), differences.shape)[0])]
            raise ParityError(
                f"the serving plan differs from the pipeline by {worst:.1e} (at most {LARGEST:g}) on {row!r:.300}; "
                "take the estimator out of training/scores.py, and the server runs the pipeline itself."
            )
    return {"rows": len(kept), "largest_difference": worst, "walkers": list(walkers)}


def strange_rows(columns: tuple[Column, ...], plan: Plan, instances: list[dict]) -> list[Row]:
    """Rows of the hold-out, and those that a request with one strange value becomes."""
    reader = Rows(columns)
    rows = reader.read(instances)
    for instance in _changed(instances, columns, plan):
        try:
            rows += reader.read([instance])
        except DataError:
            continue
    return rows


def _changed(instances: list[dict], columns: tuple[Column, ...], plan: Plan) -> Iterator[dict]:
    for number, column in enumerate(columns):
        values = [None, True, False, column.minimum, column.maximum, *column.categories, *NUMBERS, *TEXTS]
        values += _splits(plan, number)
        for place, value in enumerate(values):
            instance = instances[place % len(instances)]
            sent = value if isinstance(value, bool | int | float | None) else str(value)
            yield instance | {column.name: sent}
        yield {name: value for name, value in instances[0].items() if name != column.name}


def _splits(plan: Plan, column: int) -> list[float]:
    """Thresholds of trees on a number that is not scaled, each with its neighbours."""
    arrays, found = plan.arrays, []
    for place, source in enumerate(arrays.source):
        read = plan.meaning.sources[source]
        plain = arrays.kind[place] == 0 and (arrays.offset[place], arrays.scale[place]) == (0.0, 1.0)
        if (read.column, read.read) == (column, "number") and plain:
            thresholds = np.unique(arrays.nodes["value"][arrays.nodes["feature"] == place])
            for value in thresholds[:: max(1, len(thresholds) // SPLITS)].tolist():
                found += [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]
    return [value for value in found if math.isfinite(value)]


def _answered(pipeline: Any, rows: list[Row]) -> tuple[list[Row], np.ndarray]:
    """The rows that the pipeline itself has an answer to (a forest refuses numbers that single precision lacks)."""
    try:
        return rows, pipeline(rows)
    except ValueError:
        if len(rows) == 1:
            return [], np.zeros(0)
    middle = len(rows) // 2
    halves = [_answered(pipeline, half) for half in (rows[:middle], rows[middle:])]
    answers = [answers for kept, answers in halves if kept]
    return [row for kept, _ in halves for row in kept], np.concatenate(answers) if answers else np.zeros(0)


def _walkers(plan: Plan) -> dict[str, Walker]:
    walkers: dict[str, Walker] = {"numpy": plan.walker}
    if build.LIBRARY.is_file():
        walkers["compiled"] = CompiledWalker(plan.arrays, len(plan.meaning.sources))
    return walkers


def _differences(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Relative differences; next to zero, relative to a thousandth of a usual answer."""
    expected, got = np.asarray(expected, float), np.asarray(got, float)
    finite = np.abs(expected[np.isfinite(expected)])
    floor = 1e-3 * float(np.median(finite)) if finite.size else 0.0
    size = np.maximum(np.maximum(np.abs(expected), np.abs(got)), max(floor, 1e-300))
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    return np.where(same, 0.0, np.nan_to_num(np.abs(expected - got) / size, nan=math.inf))
