"""Two ways to walk a serving plan: NumPy, and the same compiled (walker.c). Both answer alike, to the last digit.

A plan turns a row of sources into encoded columns, and those into scores: a base, plus a number of each tree, plus a
weighted sum. It is a few arrays (`Arrays`), which training exports and inference/plan.py reads and checks.
"""

import ctypes
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from inference import build

VALUE, EQUALS, MISSING = 0, 1, 2  # what an encoded column says of its source
NODE = np.dtype([("value", "f8"), ("feature", "i4"), ("left", "i4"), ("right", "i4"), ("missing_left", "i4")])
BLOCK = 256  # rows at a time in NumPy, so that rows times trees fit into the cache


@dataclass(frozen=True)
class Arrays:
    """One entry an encoded column, a node, a tree or an output; `single` says what has single precision."""

    source: np.ndarray  # int32: which source an encoded column looks at
    kind: np.ndarray  # int32: VALUE, EQUALS or MISSING
    equals: np.ndarray  # the value that EQUALS compares with
    fill: np.ndarray  # what a missing VALUE becomes, scaled already
    offset: np.ndarray  # (value - offset) / scale
    scale: np.ndarray
    nodes: np.ndarray  # NODE; a leaf has feature -1, and where trees give every output, `left` is a row of values
    roots: np.ndarray  # int32: the first node of each tree
    output: np.ndarray  # int32: the output that a tree adds to, or -1 for all of them
    values: np.ndarray  # float64, (leaves, outputs), for trees that give every output
    coefficients: np.ndarray  # float64, (outputs, columns), or (0, columns)
    base: np.ndarray  # float64, (outputs,)
    single: np.ndarray  # 1: encoded columns are rounded, as a forest does; 2: sums of trees, too, as XGBoost does

    @property
    def width(self) -> int:
        return len(self.source)


class Walker(Protocol):
    """How a plan is walked: rows of sources in, encoded columns or scores out, all float64."""

    def encode(self, raw: np.ndarray) -> np.ndarray: ...
    def score(self, raw: np.ndarray) -> np.ndarray: ...


class NumpyWalker:
    """All trees take a step at a time; a leaf steps to itself until the deepest tree has ended."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays, self.leaf, nodes = arrays, arrays.nodes["feature"] < 0, _endless(arrays.nodes)
        self.feature, self.left, self.right = nodes["feature"], nodes["left"], nodes["right"]
        self.missing_left = nodes["missing_left"] != 0

    def encode(self, raw: np.ndarray) -> np.ndarray:
        a, values = self.arrays, raw[:, self.arrays.source]
        missing = np.isnan(values)
        tested = np.where(a.kind == EQUALS, values == a.equals, np.where(a.kind == MISSING, missing, values))
        scaled = (tested - a.offset) / a.scale
        encoded = np.where(missing & (a.kind == VALUE), a.fill, scaled)
        if a.single:
            with np.errstate(over="ignore"):
                encoded = encoded.astype(np.float32).astype(np.float64)
        return encoded

    def score(self, raw: np.ndarray) -> np.ndarray:
        encoded = self.encode(raw)
        blocks = [self._block(encoded[first : first + BLOCK]) for first in range(0, len(raw), BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self.arrays.base)))

    def _block(self, encoded: np.ndarray) -> np.ndarray:
        scores, a = np.tile(self.arrays.base, (len(encoded), 1)), self.arrays
        if len(a.roots):
            scores = self._trees(encoded, scores)
        if len(a.coefficients):
            scores = _added(scores, encoded[:, None, :] * a.coefficients)
        return scores

    def _trees(self, encoded: np.ndarray, scores: np.ndarray) -> np.ndarray:
        a, rows = self.arrays, np.arange(len(encoded))[:, None]
        node = np.tile(a.roots, (len(encoded), 1))
        while not self.leaf[node].all():
            value = encoded[rows, self.feature[node]]
            left = (value <= a.nodes["value"][node]) | (np.isnan(value) & self.missing_left[node])
            node = np.where(left, self.left[node], self.right[node])
        if len(a.values):
            return _added(scores, a.values[a.nodes["left"][node]].transpose(0, 2, 1))
        numbers = a.nodes["value"][node].astype(np.float32 if a.single > 1 else np.float64)
        scores = scores.astype(numbers.dtype)
        outputs = [_added(scores[:, [k]], numbers[:, None, a.output == k]) for k in range(len(a.base))]
        return np.concatenate(outputs, axis=1).astype(np.float64)


def _endless(nodes: np.ndarray) -> np.ndarray:
    """Nodes whose leaves lead to themselves, so that a walk may take more steps than its tree has.

    The row of values that a leaf names moves to `missing_left`, which means nothing there.
    """
    leaf, found = nodes["feature"] < 0, nodes.copy()
    found["feature"][leaf] = 0
    found["missing_left"] = np.where(leaf, nodes["left"], nodes["missing_left"] != 0)
    found["left"][leaf] = found["right"][leaf] = np.flatnonzero(leaf)
    return found


def _added(scores: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Scores (rows, outputs) with numbers (rows, outputs, many) added one after the other, as C does.

    A sum of NumPy adds in an order that depends on the number of rows, and with it the last digit of an answer.
    """
    return np.cumsum(np.concatenate([scores[:, :, None], numbers], axis=2), axis=2)[:, :, -1]


_SIZES = ("sources", "width", "trees", "outputs", "single")
_POINTERS = ("source", "kind", "equals", "fill", "offset", "scale", "nodes", "roots", "output", "values",
             "coefficients", "base")  # fmt: skip


class _Struct(ctypes.Structure):
    """`Plan` of walker.c."""

    _fields_ = [(name, ctypes.c_int64) for name in _SIZES] + [(name, ctypes.c_void_p) for name in _POINTERS]


def _address(array: np.ndarray) -> int | None:
    """Of the first number; `array.ctypes.data` takes four times as long, which a request would feel."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array.data)) if array.size else None


class CompiledWalker:
    """walker.so on the same arrays; a call lets other threads run meanwhile."""

    def __init__(self, arrays: Arrays, sources: int) -> None:
        library = ctypes.CDLL(str(build.LIBRARY))
        self.arrays, self._encode, self._score = arrays, library.plan_encode, library.plan_score
        self._encode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        self._score.argtypes = [*self._encode.argtypes, ctypes.c_void_p]
        self._encode.restype = self._score.restype = None
        self.outputs, self.width = len(arrays.base), arrays.width
        sizes = (sources, self.width, len(arrays.roots), self.outputs, int(arrays.single))
        self._arrays = replace(arrays, nodes=_endless(arrays.nodes))
        addresses = [_address(getattr(self._arrays, name)) for name in _POINTERS]
        self._struct = _Struct(*sizes, *addresses)
        self._plan = ctypes.addressof(self._struct)

    def encode(self, raw: np.ndarray) -> np.ndarray:
        encoded = np.empty((len(raw), self.width))
        self._encode(self._plan, _address(raw), len(raw), _address(encoded))
        return encoded

    def score(self, raw: np.ndarray) -> np.ndarray:
        rows = len(raw)
        encoded, scores = np.empty((rows, self.width)), np.empty((rows, self.outputs))
        self._score(self._plan, _address(raw), rows, _address(encoded), _address(scores))
        return scores
