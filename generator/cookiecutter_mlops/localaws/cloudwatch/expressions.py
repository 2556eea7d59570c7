"""Metric math: arithmetic and comparisons on time series, FILL, IF and the functions over one or several series.

An expression is parsed as Python's grammar, which contains that of metric math, and walked; it is never executed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable

from cookiecutter_mlops.localaws.cloudwatch.series import Unsupported

Points = dict[float, float]  # by the start of the period
Value = float | Points | list[Points]

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda left, right: bool(left) and bool(right),
    ast.Or: lambda left, right: bool(left) or bool(right),
}
# Of several series point by point, or of one series over all its points.
_REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_EACH: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


def evaluate(expression: str, metrics: dict[str, Points], grid: list[float], period: int) -> Points:
    """Return the value of an expression at each point of a grid; a point where something is missing has none.

    `metrics` are the series by id and `period` is in seconds. Raises Unsupported for what is not computed here.
    """
    try:
        tree = ast.parse(_as_python(expression), mode="eval").body
    except SyntaxError:
        raise Unsupported(f"the expression {expression}") from None
    value = _Evaluation(expression, metrics, grid, period).value(tree)
    if isinstance(value, list):
        raise Unsupported(f"the expression {expression}: it gives several time series")
    return value if isinstance(value, dict) else dict.fromkeys(grid, value)


def _as_python(expression: str) -> str:
    text = expression.replace("^", "**").replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"\b(AND|OR)\b", lambda found: found[1].lower(), text)
    return re.sub(r"(?<![<>=!])=(?!=)", "==", text).strip()


class _Evaluation:
    def __init__(self, expression: str, metrics: dict[str, Points], grid: list[float], period: int) -> None:
        self.expression, self.metrics, self.grid, self.period = expression, metrics, grid, period

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self.metrics:
                return self.metrics[name]
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.series(item) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.combine(operator.sub, 0.0, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self.combine(_OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                return self.combine(_OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.BoolOp(op=op, values=[first, *others]):
                result = self.value(first)
                for other in others:
                    result = self.combine(_OPERATORS[type(op)], result, self.value(other))
                return result
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name.upper(), arguments)
        raise Unsupported(f"the expression {self.expression}")

    def series(self, node: ast.expr) -> Points:
        value = self.value(node)
        if isinstance(value, list):
            raise Unsupported(f"the expression {self.expression}")
        return value if isinstance(value, dict) else dict.fromkeys(self.grid, value)

    def combine(self, function: Callable[[float, float], float], left: Value, right: Value) -> Value:
        """Apply an operator point by point; without one of the two values, or divided by zero, there is no point."""
        if isinstance(left, list):
            return [self._points(function, item, right) for item in left]
        if isinstance(right, list):
            return [self._points(function, left, item) for item in right]
        if isinstance(left, dict) or isinstance(right, dict):
            return self._points(function, left, right)
        return float(function(left, right))

    def _points(self, function: Callable[[float, float], float], left: Value, right: Value) -> Points:
        result: Points = {}
        for at in self.grid:
            one, other = _at(left, at), _at(right, at)
            if one is not None and other is not None:
                try:
                    result[at] = float(function(one, other))
                except (ZeroDivisionError, OverflowError):
                    continue
        return result

    def call(self, name: str, arguments: list[ast.expr]) -> Value:
        match name, arguments:
            case "FILL", [series, filler]:
                return self.fill(self.series(series), filler)
            case "IF", [condition, then]:
                return self.choose(self.value(condition), self.value(then), {})
            case "IF", [condition, then, otherwise]:
                return self.choose(self.value(condition), self.value(then), self.value(otherwise))
            case "METRICS", []:
                return list(self.metrics.values())
            case "PERIOD", [_]:
                return float(self.period)
            case (("RATE" | "DIFF"), [series]):
                return self.difference(self.series(series), self.period if name == "RATE" else 1)
            case _, [argument] if name in _REDUCTIONS:
                return self.reduce(_REDUCTIONS[name], self.value(argument))
            case _, [argument] if name in _EACH:
                return self.combine(lambda _, value: _EACH[name](value), 0.0, self.value(argument))
        raise Unsupported(f"the function {name} of metric math")

    def fill(self, series: Points, filler: ast.expr) -> Points:
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            last: float | None = None
            filled: Points = {}
            for at in self.grid:
                last = series.get(at, last)
                filled |= {at: last} if last is not None else {}
            return filled
        return self.series(filler) | series

    def choose(self, condition: Value, then: Value, otherwise: Value) -> Value:
        if isinstance(condition, float):
            return then if condition else otherwise
        chosen = {at: _at(then if _at(condition, at) else otherwise, at) for at in self.grid if _has(condition, at)}
        return {at: value for at, value in chosen.items() if value is not None}

    def reduce(self, function: Callable[[list[float]], float], value: Value) -> Value:
        if isinstance(value, dict):
            return function(list(value.values())) if value else {}
        if isinstance(value, float):
            return value
        found = {at: [series[at] for series in value if at in series] for at in self.grid}
        return {at: function(values) for at, values in found.items() if values}

    def difference(self, series: Points, divisor: float) -> Points:
        pairs: Iterable[tuple[float, float]] = zip(self.grid, self.grid[1:], strict=False)
        return {b: (series[b] - series[a]) / divisor for a, b in pairs if a in series and b in series}


def _at(value: Value, at: float) -> float | None:
    return value.get(at) if isinstance(value, dict) else value if isinstance(value, float) else None


def _has(value: Value, at: float) -> bool:
    return _at(value, at) is not None
