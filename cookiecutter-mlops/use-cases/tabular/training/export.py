"""From a fitted scikit-learn pipeline to a serving plan (inference/plan.py), as far as a plan can express it.

ENCODERS (here), ESTIMATORS (training/scores.py) and BOOSTERS (training/boosters.py) say by exact type what is
understood. Anything else is no error: the server runs that part, or the whole pipeline, with scikit-learn, and
serving.json says in one sentence why.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn import compose, impute, pipeline, preprocessing

from inference.plan import Meaning, Plan, Source
from inference.walk import EQUALS, MISSING, NODE, VALUE, Arrays
from training.boosters import BOOSTERS
from training.scores import ESTIMATORS, Inexpressible, Scores
from training.settings import Column


@dataclass(frozen=True)
class Encoded:
    """One column on its way through the encoders: `(value - offset) / scale`, or `fill` where it is missing."""

    source: Source
    kind: int = VALUE
    equals: float = math.nan
    fill: float = math.nan
    offset: float = 0.0
    scale: float = 1.0
    text: str | None = None  # what an imputer puts for a missing category


def sources(columns: Sequence[Column]) -> dict[str, Source]:
    """What training.model.features makes of the columns, by the names that the pipeline sees."""
    found: dict[str, Source] = {}
    for number, column in enumerate(columns):
        if column.type == "date":
            found |= {f"{column.name} {part}": Source(number, part) for part in ("day", "month", "weekday")}
        else:
            found[column.name] = Source(number, "category" if column.type == "category" else "number")
    return found


def whole(estimator: Any, columns: Sequence[Column], log_target: bool) -> Plan:
    """The plan of a pipeline, or Inexpressible."""
    encoded, last = _encoders(estimator, columns), estimator[-1]
    kind = type(last)
    write = ESTIMATORS.get(kind) or BOOSTERS.get(f"{kind.__module__}.{kind.__name__}")
    if write is None:
        raise Inexpressible(f"a {kind.__name__}")
    scores = write(last)
    classes = tuple(map(str, last.classes_)) if hasattr(last, "classes_") else None
    if log_target:
        if scores.link != "identity":
            raise Inexpressible(f"a logarithmic target behind a {type(last).__name__} with link {scores.link}")
        scores = replace(scores, link="expm1")
    return _plan(encoded, scores, classes)


def encoder(estimator: Any, columns: Sequence[Column]) -> Plan:
    """The plan of all but the last step of a pipeline, or Inexpressible."""
    return _plan(_encoders(estimator, columns), None, None)


def _encoders(estimator: Any, columns: Sequence[Column]) -> list[Encoded]:
    if type(estimator) is not pipeline.Pipeline:
        raise Inexpressible(f"a {type(estimator).__name__} that is no Pipeline")
    named = {name: Encoded(source) for name, source in sources(columns).items()}
    steps = [step for _, step in estimator.steps[:-1]]
    if steps and type(steps[0]) is compose.ColumnTransformer:
        encoded, steps = _column_transformer(steps[0], named), steps[1:]
    else:
        encoded = list(named.values())
    for step in steps:
        encoded = _applied(step, encoded)
    for column in encoded:
        if column.source.read == "category" and column.source.codes is None:
            raise Inexpressible("a category that no encoder has turned into numbers")
    return encoded


def _column_transformer(step: Any, named: dict[str, Encoded]) -> list[Encoded]:
    names, encoded = [str(name) for name in step.feature_names_in_], []
    if step.transformer_weights:
        raise Inexpressible("transformer weights")
    for _, transformer, chosen in step.transformers_:
        picked = [names[one] if isinstance(one, int | np.integer) else one for one in _listed(chosen)]
        encoded += _applied(transformer, [named[name] for name in picked])
    return encoded


def _listed(chosen: Any) -> list[Any]:
    if isinstance(chosen, str):
        return [chosen]
    found = list(chosen) if isinstance(chosen, list | tuple | np.ndarray) else None
    if found is None or any(isinstance(one, bool | np.bool_) for one in found):
        raise Inexpressible("columns that are chosen otherwise than by name")
    return found


def _applied(step: Any, columns: list[Encoded]) -> list[Encoded]:
    """The columns after a fitted transformer."""
    if isinstance(step, str):
        return [] if step == "drop" else columns
    if type(step) is pipeline.Pipeline:
        for _, inner in step.steps:
            columns = _applied(inner, columns)
        return columns
    if type(step) not in ENCODERS:
        raise Inexpressible(f"a {type(step).__name__}")
    return ENCODERS[type(step)](step, columns) if columns else []


def _nothing(step: Any, columns: list[Encoded]) -> list[Encoded]:
    if step.func is not None:
        raise Inexpressible("a function of one's own (FunctionTransformer)")
    return columns


def _imputer(step: Any, columns: list[Encoded]) -> list[Encoded]:
    if not (isinstance(step.missing_values, float) and math.isnan(step.missing_values)):
        raise Inexpressible("an imputer of other values than NaN")
    filled = [_filled(column, value) for column, value in zip(columns, step.statistics_, strict=True)]
    marked = [columns[place] for place in step.indicator_.features_] if step.add_indicator else []
    return [column for column in filled if column] + [Encoded(column.source, MISSING) for column in marked]


def _filled(column: Encoded, value: Any) -> Encoded | None:
    """None for a column that training never saw a value of: the imputer drops it."""
    if isinstance(value, str):
        return replace(column, text=value)
    if math.isnan(value):
        return None
    return replace(column, fill=float(value)) if math.isnan(column.fill) else column


def _scaler(offset: str | None, scale: str) -> Callable[[Any, list[Encoded]], list[Encoded]]:
    def apply(step: Any, columns: list[Encoded]) -> list[Encoded]:
        offsets, scales = (getattr(step, name, None) if name else None for name in (offset, scale))
        pairs = zip(
            np.zeros(len(columns)) if offsets is None else offsets,
            np.ones(len(columns)) if scales is None else scales,
            strict=True,
        )
        return [_scaled(column, float(o), float(s)) for column, (o, s) in zip(columns, pairs, strict=True)]

    return apply


def _scaled(column: Encoded, offset: float, scale: float) -> Encoded:
    if (column.offset, column.scale) != (0.0, 1.0):
        raise Inexpressible("a column that is scaled twice")
    return replace(column, offset=offset, scale=scale, fill=(column.fill - offset) / scale)


def _ordinal(step: Any, columns: list[Encoded]) -> list[Encoded]:
    if step.handle_unknown != "use_encoded_value":
        raise Inexpressible("an OrdinalEncoder that fails on a category never seen before")
    missing = float(step.encoded_missing_value)
    coded = []
    for column, codes in zip(columns, _codes(step, columns), strict=True):
        gap = missing if column.text is None else codes.get(column.text, float(step.unknown_value))
        coded.append(_coded(column, codes, gap, float(step.unknown_value)))
    return coded


def _one_hot(step: Any, columns: list[Encoded]) -> list[Encoded]:
    if step.handle_unknown == "error":
        raise Inexpressible("a OneHotEncoder that fails on a category never seen before")
    drops = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(columns)
    encoded = []
    for column, codes, categories, drop in zip(columns, _codes(step, columns), step.categories_, drops, strict=True):
        gap = math.nan if column.text is None else codes.get(column.text, -1.0)
        coded = _coded(column, codes, gap, -1.0)
        for number, category in enumerate(categories):
            if number != drop:
                gone = category is None or category != category
                encoded.append(replace(coded, kind=MISSING if gone else EQUALS, equals=math.nan if gone else number))
    return encoded


def _codes(step: Any, columns: list[Encoded]) -> list[dict[str, float]]:
    if getattr(step, "_infrequent_enabled", False):
        raise Inexpressible("categories that are grouped because they are rare")
    if any(column.source.read != "category" for column in columns):
        raise Inexpressible("numbers that are encoded like categories")
    tables = [{name: float(code) for code, name in enumerate(names) if name == name} for names in step.categories_]
    if any(not isinstance(name, str) for table in tables for name in table if name is not None):
        raise Inexpressible("categories that are not texts")
    return [{name: code for name, code in table.items() if name is not None} for table in tables]


def _coded(column: Encoded, codes: dict[str, float], missing: float, unknown: float) -> Encoded:
    if column.source.codes is not None:
        raise Inexpressible("a category that is encoded twice")
    return replace(column, source=replace(column.source, codes=codes, missing=missing, unknown=unknown), text=None)


ENCODERS: dict[type, Callable[[Any, list[Encoded]], list[Encoded]]] = {
    preprocessing.FunctionTransformer: _nothing,
    preprocessing.OneHotEncoder: _one_hot,
    preprocessing.OrdinalEncoder: _ordinal,
    preprocessing.StandardScaler: _scaler("mean_", "scale_"),
    preprocessing.RobustScaler: _scaler("center_", "scale_"),
    preprocessing.MaxAbsScaler: _scaler(None, "scale_"),
    impute.SimpleImputer: _imputer,
}


def _plan(encoded: list[Encoded], scores: Scores | None, classes: tuple[str, ...] | None) -> Plan:
    read = list({repr(column.source): column.source for column in encoded}.values())
    places = {repr(source): place for place, source in enumerate(read)}
    numbers = {
        name: np.array([getattr(column, name) for column in encoded], float)
        for name in ("equals", "fill", "offset", "scale")
    }
    trees = scores.trees if scores else ()
    starts = np.cumsum([0, *(len(nodes) for nodes in trees)])[: len(trees)]
    width, outputs = len(encoded), len(scores.base) if scores else 0
    some = scores or Scores("", np.zeros(0))
    arrays = Arrays(
        source=np.array([places[repr(column.source)] for column in encoded], np.int32),
        kind=np.array([column.kind for column in encoded], np.int32),
        **numbers,
        nodes=_joined(trees, starts),
        roots=starts.astype(np.int32),
        output=np.array(some.output, np.int32),
        values=np.zeros((0, outputs)) if some.values is None else some.values,
        coefficients=np.zeros((0, width)) if some.coefficients is None else some.coefficients,
        base=some.base,
        single=np.array(some.single, np.int64),
    )
    return Plan(Meaning(tuple(read), scores.link if scores else None, classes), arrays)


def _joined(trees: Sequence[np.ndarray], starts: np.ndarray) -> np.ndarray:
    """All trees in one array; the children of a split are counted from its beginning."""
    nodes = np.concatenate(trees) if trees else np.zeros(0, NODE)
    shift = np.repeat(starts, [len(one) for one in trees]).astype(np.int32)
    split = nodes["feature"] >= 0
    for side in ("left", "right"):
        nodes[side] = np.where(split, nodes[side] + shift, nodes[side])
    return nodes
