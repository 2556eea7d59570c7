"""The gate: may this candidate be released? Standard library only, and closed unless every check says yes.

Each check compares errors: for a metric where less is better the error is its value, for one whose best value is 1
it is what is left to 1. "Improvement" is the share of an error that is gone, so one rule serves every metric.
Where two models were asked about the same rows (training/compare.py), their mean losses are compared the same way.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from training.settings import Gate


@dataclass(frozen=True)
class Check:
    """One rule of the gate, what it was asked of, and whether it holds."""

    name: str
    rule: str
    value: str
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate decided: passed only if every check did."""

    passed: bool
    checks: list[Check]

    def sentence(self) -> str:
        """What was decided and why, on the one line that the registry keeps: failed checks first of all."""
        told = self.failed or self.checks
        reasons = "; ".join(f"{check.name}: {check.value} ({check.rule})" for check in told)
        return f"{'Passed' if self.passed else 'Rejected'}: {reasons}."

    def table(self) -> str:
        """What was decided, and a line for each check, for a terminal and a log."""
        width = max(len(check.name) for check in self.checks)
        lines = ["passed" if self.passed else f"rejected for {', '.join(check.name for check in self.failed)}"]
        for check in self.checks:
            result = "ok" if check.passed else "FAILED"
            lines.append(f"  {check.name:{width}}  {result:6}  {check.value} ({check.rule})")
        return "\n".join(lines)

    @property
    def failed(self) -> list[Check]:
        """The checks that do not hold."""
        return [check for check in self.checks if not check.passed]

    def also(self, check: Check) -> "Verdict":
        """The same with one more check."""
        return Verdict(self.passed and check.passed, [*self.checks, check])

    def to_dict(self) -> dict[str, Any]:
        """As verdict.json has it."""
        return asdict(self)


def gate(evaluation: dict[str, Any], live: dict[str, Any] | None, settings: Gate) -> Verdict:
    """Judge a candidate's evaluation.json; `live` is what the registry knows of the live model, where there is one."""
    checks = [
        _enough_rows(evaluation, settings),
        _finite(evaluation),
        _better_than_baseline(evaluation, settings),
    ]
    if settings.threshold is not None:
        checks.append(_within_threshold(evaluation, settings.threshold))
    if live:
        checks.append(_better_than_live(evaluation, live, settings))
    checks.extend(_no_slice_worse(evaluation, settings))
    return Verdict(all(check.passed for check in checks), checks)


def _enough_rows(evaluation: dict[str, Any], settings: Gate) -> Check:
    counts = evaluation.get("rows")
    rows = sum(_number(counts.get(part)) for part in ("train", "holdout")) if isinstance(counts, dict) else math.nan
    return Check("rows", f"at least {settings.minimum_rows}", f"{rows:g}", rows >= settings.minimum_rows)


def _finite(evaluation: dict[str, Any]) -> Check:
    metrics = evaluation.get("metrics")
    named = metrics if isinstance(metrics, dict) and metrics else {"metrics": None}
    wrong = [name for name, value in named.items() if math.isnan(_number(value))]
    value = f"{', '.join(wrong)}: not a number" if wrong else f"{', '.join(named)}: numbers"
    return Check("finite", "every metric is a finite number", value, not wrong)


def _better_than_baseline(evaluation: dict[str, Any], settings: Gate) -> Check:
    gain = _improvement(_error(evaluation, "value"), _error(evaluation, "baseline"))
    rule = f"at least {settings.improvement_over_baseline:.1%} of the trivial model's error gone"
    value = f"{_shown(evaluation)} against {_number(evaluation.get('baseline')):.6g}, {gain:.1%} gone"
    return Check("baseline", rule, value, gain >= settings.improvement_over_baseline)


def _within_threshold(evaluation: dict[str, Any], threshold: float) -> Check:
    value, more = _number(evaluation.get("value")), evaluation.get("higher_is_better")
    passed = (value >= threshold if more else value <= threshold) if isinstance(more, bool) else False
    return Check("threshold", f"{'at least' if more else 'at most'} {threshold:g}", _shown(evaluation), passed)


def _better_than_live(evaluation: dict[str, Any], live: dict[str, Any], settings: Gate) -> Check:
    """By the rows that both answered; else by the metrics recorded on the same data; else only if nobody insists."""
    told = evaluation.get("live")
    comparison = told if isinstance(told, dict) else {}
    if comparison.get("version") == str(live.get("version")) and "interval" in comparison:
        return _better_on_the_same_rows(evaluation, comparison, settings)
    if live.get("data_version") == evaluation.get("data_version"):
        return _better_than_recorded(evaluation, live, settings)
    why = comparison.get("problem") or f"the job was not given version {live.get('version')}, which is live now"
    rule = "compared with the live model on the same rows"
    return Check("live", rule, f"not compared: {why}", not settings.require_live_comparison)


def _better_on_the_same_rows(evaluation: dict[str, Any], comparison: dict[str, Any], settings: Gate) -> Check:
    interval = comparison["interval"]
    low, high = (_number(end) for end in interval) if _is_pair(interval) else (math.nan, math.nan)
    least = settings.improvement_over_live - settings.tolerance
    rule = (
        f"{_number(comparison.get('confidence')):.0%} sure that at least {least:.1%} of the live model's loss is gone"
    )
    gone = f"{_number(comparison.get('improvement')):.1%} gone ({low:.1%} to {high:.1%})"
    live = f"version {comparison['version']} with {_number(comparison.get('value')):.6g}"
    return Check("live", rule, f"{_shown(evaluation)} against {live}, {gone}", low >= least)


def _better_than_recorded(evaluation: dict[str, Any], live: dict[str, Any], settings: Gate) -> Check:
    same = live.get("metric") == evaluation.get("metric")
    gain = _improvement(_error(evaluation, "value"), _error(live, "value")) if same else math.nan
    rule = f"at least {settings.improvement_over_live:.1%} of the live model's error gone on the same data"
    value = f"{_shown(evaluation)} against {_shown(live)}, {gain:.1%} gone"
    return Check("live", rule, value, gain >= settings.improvement_over_live)


def _no_slice_worse(evaluation: dict[str, Any], settings: Gate) -> Iterator[Check]:
    """One check a column: its worst value is told, and each that has rows enough must keep the limit."""
    told = evaluation.get("slices")
    entries = [entry for entry in told if isinstance(entry, dict)] if isinstance(told, list) else []
    for column, limit in settings.slices.items():
        large = [e for e in entries if e.get("column") == column and _number(e.get("rows")) >= settings.slice_rows]
        worst = max(large, key=_excess, default=None)
        rule = f"at most {limit:.1%} more loss than the live (or else trivial) model in each of {column}"
        if worst is None:
            yield Check("slice", rule, f"no value of {column} has {settings.slice_rows} rows", False)
        else:
            value = f"{worst.get('value')}: {_excess(worst):+.1%} on {_number(worst.get('rows')):g} rows"
            yield Check("slice", rule, f"{value}; {len(large)} judged", _excess(worst) <= limit)


def _excess(entry: dict[str, Any]) -> float:
    """The share by which a slice's loss is larger than the reference's; infinite where that is no number."""
    gain = _improvement(_number(entry.get("loss")), _number(entry.get("live", entry.get("trivial"))))
    return math.inf if math.isnan(gain) else -gain


def _improvement(error: float, reference: float) -> float:
    """The share of the reference's error that is gone; NaN, which passes no comparison, where that has no meaning."""
    if not error >= 0 or not reference >= 0:
        return math.nan
    if reference == 0:
        return 0.0 if error == 0 else math.nan
    return 1 - error / reference


def _error(evaluation: dict[str, Any], key: str) -> float:
    value, more = _number(evaluation.get(key)), evaluation.get("higher_is_better")
    if not isinstance(more, bool):
        return math.nan
    return 1 - value if more else value


def _number(value: object) -> float:
    """A finite number, or NaN: a text, a boolean, an infinity or nothing at all must never look like a metric."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:  # a whole number with hundreds of digits
        return math.nan


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2


def _shown(evaluation: dict[str, Any]) -> str:
    return f"{evaluation.get('metric')} {_number(evaluation.get('value')):.6g}"
