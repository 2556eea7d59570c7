"""The serving plan of a model: what is looked up, scaled and walked to answer a row. Neither scikit-learn nor pandas.

plan.json says how sources are read from a row (a number, the code of a category, parts of a date) and what the scores
mean; plan.npz holds the arrays of inference/walk.py. Training writes both and proves them (training/export.py).
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from inference import build
from inference.walk import NODE, Arrays, CompiledWalker, NumpyWalker, Walker
from training.cells import DAY
from training.settings import UserError

EPOCH = date(1970, 1, 1).toordinal()
LINKS = ("identity", "exp", "expm1", "logistic", "shares", "softmax", "share")


class PlanError(UserError):
    """The files of a plan contradict each other; such a plan is never walked."""


@dataclass(frozen=True)
class Source:
    """One number that is read from a row: the `column`-th value, as it is, as its code or as a part of a date."""

    column: int
    read: str  # number, category, day, month, weekday
    codes: dict[str, float] | None = None
    missing: float = math.nan
    unknown: float = math.nan


@dataclass(frozen=True)
class Meaning:
    """What is not an array: the sources, and how scores become answers. `link` is None for a plan that only encodes."""

    sources: tuple[Source, ...]
    link: str | None
    classes: tuple[str, ...] | None = None


class Plan:
    """A plan that can be asked; `walker` is the compiled one where the image has it."""

    def __init__(self, meaning: Meaning, arrays: Arrays, walker: Walker | None = None) -> None:
        _check(meaning, arrays)
        self.meaning, self.arrays, self.walker = meaning, arrays, walker or NumpyWalker(arrays)
        self._readers = [(source.column, _reader(source)) for source in meaning.sources]
        self._finish = _link(meaning.link)

    def predict(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """A number for each row, or a row of the classes' probabilities; values as training/cells.py reads them."""
        return self._finish(self.walker.score(self._raw(rows)))

    def encode(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """What the estimator of the pipeline sees."""
        return self.walker.encode(self._raw(rows))

    def _raw(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        readers = self._readers
        raw = [row[column] if read is None else read(row[column]) for row in rows for column, read in readers]
        return np.array(raw, float).reshape(len(rows), len(readers))


def save(plan: Plan, folder: Path) -> None:
    """Write plan.json and plan.npz."""
    (folder / "plan.json").write_text(json.dumps(asdict(plan.meaning), indent=2))
    arrays = {field.name: getattr(plan.arrays, field.name) for field in fields(Arrays)}
    np.savez(folder / "plan.npz", **arrays)


def load(folder: Path) -> tuple[Plan, str]:
    """The plan of a verified folder, and why it is not walked by compiled code ("" where it is)."""
    content = json.loads((folder / "plan.json").read_text())
    sources = tuple(Source(**source) for source in content["sources"])
    classes = content["classes"] and tuple(content["classes"])
    meaning = Meaning(sources, content["link"], classes)
    with np.load(folder / "plan.npz") as stored:  # which reads no pickles
        arrays = Arrays(**{field.name: stored[field.name] for field in fields(Arrays)})
    plan = Plan(meaning, arrays)  # checked, before machine code follows its indices
    if not build.LIBRARY.is_file():
        return plan, f"the image has no {build.LIBRARY.name} (there was no C compiler when it was built)"
    try:
        return Plan(meaning, arrays, CompiledWalker(arrays, len(sources))), ""
    except OSError as error:
        return plan, f"{build.LIBRARY.name} cannot be loaded: {error}"


def _reader(source: Source) -> Callable[[Any], float] | None:
    if source.read == "number":
        return None
    if source.read == "category":
        return _Codes(source).__getitem__
    part = {"day": _day, "month": _month, "weekday": _weekday}[source.read]
    return lambda moment: math.nan if moment is None else part(moment)


class _Codes(dict[str | None, float]):
    """The code of a category; None is a missing one."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.update(source.codes or {})  # type: ignore[arg-type]
        self[None], self.unknown = source.missing, source.unknown

    def __missing__(self, category: str | None) -> float:
        return self.unknown


def _day(moment: int) -> float:
    return float(moment) / float(DAY)


def _month(moment: int) -> float:
    return float(date.fromordinal(EPOCH + moment // DAY).month)


def _weekday(moment: int) -> float:
    return float((moment // DAY + 3) % 7)  # 1 January 1970 was a Thursday


def _link(name: str | None) -> Callable[[np.ndarray], np.ndarray]:
    """From scores to numbers, or to the probabilities of classes."""
    if name in ("exp", "expm1"):
        function = getattr(np, name)
        return lambda scores: _quiet(function, scores[:, 0])
    if name == "logistic":
        return _logistic
    if name in ("softmax", "shares"):
        return _softmax if name == "softmax" else _shares
    return (lambda scores: scores) if name == "share" else (lambda scores: scores[:, 0])


def _quiet(function: Callable[[np.ndarray], np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """An answer too large for a float becomes infinity, which the caller refuses by name, and no warning in the log."""
    with np.errstate(over="ignore"):
        return function(numbers)


def _logistic(scores: np.ndarray) -> np.ndarray:
    yes = 1 / (1 + _quiet(np.exp, -scores[:, 0]))
    return np.stack([1 - yes, yes], axis=1)


def _shares(scores: np.ndarray) -> np.ndarray:
    """Each class against the rest, made to add up to one."""
    each = 1 / (1 + _quiet(np.exp, -scores))
    return each / each.sum(axis=1, keepdims=True)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _check(meaning: Meaning, arrays: Arrays) -> None:
    """Every index inside its array, every tree ending: C follows them without looking."""
    width, outputs, nodes = arrays.width, len(arrays.base), arrays.nodes
    floats = ("equals", "fill", "offset", "scale", "values", "coefficients", "base")
    wanted: dict[str, Any] = dict.fromkeys(floats, np.dtype("f8")) | {"nodes": NODE}
    wanted |= dict.fromkeys(("source", "kind", "roots", "output"), np.dtype("i4"))
    for name, kind in wanted.items():
        array = getattr(arrays, name)
        _require(array.dtype == kind and array.flags.c_contiguous, f"{name} must hold {kind} in rows")
    for name in ("kind", "equals", "fill", "offset", "scale"):
        _require(getattr(arrays, name).shape == (width,), f"{name} must have an entry for each encoded column")
    _require(_inside(arrays.source, 0, len(meaning.sources)), "source must name a source")
    _require(len(arrays.output) == len(arrays.roots), "output must have an entry for each tree")
    _require(_inside(arrays.output, -1, outputs), "output must name an output")
    _require(_inside(arrays.roots, 0, len(nodes)), "roots must name nodes")
    _require(meaning.link is None or meaning.link in LINKS, f"link must be one of {', '.join(LINKS)}")
    for name in ("coefficients", "values"):
        array = getattr(arrays, name)
        columns = width if name == "coefficients" else outputs
        _require(array.ndim == 2 and array.shape[1] == columns, f"{name} must have {columns} columns")
    _require(len(arrays.coefficients) in (0, outputs), "coefficients must have a row for each output")
    _check_trees(arrays, nodes[nodes["feature"] >= 0], np.flatnonzero(nodes["feature"] >= 0))


def _check_trees(arrays: Arrays, splits: np.ndarray, places: np.ndarray) -> None:
    _require(_inside(splits["feature"], 0, arrays.width), "nodes must split on encoded columns")
    for side in ("left", "right"):  # a child comes after its parent, so that every walk ends
        inside = _inside(splits[side], 0, len(arrays.nodes))
        _require(inside and bool((splits[side] > places).all()), f"{side} of a node must name a later one")
    if (arrays.output < 0).any():
        leaves = arrays.nodes[arrays.nodes["feature"] < 0]
        _require(_inside(leaves["left"], 0, len(arrays.values)), "leaves must name rows of values")


def _inside(array: np.ndarray, low: int, end: int) -> bool:
    return not array.size or bool(array.min() >= low and array.max() < end)


def _require(condition: bool, rule: str) -> None:
    if not condition:
        raise PlanError(f"plan.npz: {rule}; train again.")
