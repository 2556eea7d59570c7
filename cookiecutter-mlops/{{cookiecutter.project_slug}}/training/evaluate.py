"""The gate: may this candidate be released? Standard library only, and closed unless every check says yes.

Each check compares errors: for a metric where less is better the error is its value, for one whose best value is 1
it is what is left to 1. "Improvement" is the share of an error that is gone, so one rule serves every metric.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from training.settings import Gate


@dataclass(frozen=True)
class Check:
    name: str
    rule: str
    value: str
    passed: bool


@dataclass(frozen=True)
class Verdict:
    passed: bool
    checks: list[Check]

    def sentence(self) -> str:
        """What was decided and why, for people: failed checks first of all."""
        told = [check for check in self.checks if not check.passed] or self.checks
        reasons = "; ".join(f"{check.name}: {check.value} ({check.rule})" for check in told)
        return f"{'Passed' if self.passed else 'Rejected'}: {reasons}."

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def gate(evaluation: dict[str, Any], live: dict[str, Any] | None, settings: Gate) -> Verdict:
    """Judge a candidate's evaluation.json, beside that of the live model where there is one."""
    checks = [_enough_rows(evaluation, settings), _better_than_baseline(evaluation, settings)]
    if settings.threshold is not None:
        checks.append(_within_threshold(evaluation, settings.threshold))
    # Two models judged on different rows cannot be compared by their metrics.
    if live and live.get("data_version") == evaluation.get("data_version"):
        checks.append(_better_than_live(evaluation, live, settings))
    return Verdict(all(check.passed for check in checks), checks)


def _enough_rows(evaluation: dict[str, Any], settings: Gate) -> Check:
    counts = evaluation.get("rows")
    rows = sum(_number(counts.get(part)) for part in ("train", "holdout")) if isinstance(counts, dict) else math.nan
    return Check("rows", f"at least {settings.minimum_rows}", f"{rows:g}", rows >= settings.minimum_rows)


def _better_than_baseline(evaluation: dict[str, Any], settings: Gate) -> Check:
    gain = _improvement(_error(evaluation, "value"), _error(evaluation, "baseline"))
    rule = f"at least {settings.improvement_over_baseline:.1%} of the trivial model's error gone"
    value = f"{_shown(evaluation)} against {_number(evaluation.get('baseline')):.6g}, {gain:.1%} gone"
    return Check("baseline", rule, value, gain >= settings.improvement_over_baseline)


def _better_than_live(evaluation: dict[str, Any], live: dict[str, Any], settings: Gate) -> Check:
    same = live.get("metric") == evaluation.get("metric")
    gain = _improvement(_error(evaluation, "value"), _error(live, "value")) if same else math.nan
    rule = f"at least {settings.improvement_over_live:.1%} of the live model's error gone on the same data"
    value = f"{_shown(evaluation)} against {_shown(live)}, {gain:.1%} gone"
    return Check("live", rule, value, gain >= settings.improvement_over_live)


def _within_threshold(evaluation: dict[str, Any], threshold: float) -> Check:
    value, more = _number(evaluation.get("value")), evaluation.get("higher_is_better")
    passed = (value >= threshold if more else value <= threshold) if isinstance(more, bool) else False
    return Check("threshold", f"{'at least' if more else 'at most'} {threshold:g}", _shown(evaluation), passed)


def _improvement(error: float, reference: float) -> float:
    """The share of the reference's error that is gone; NaN, which passes no comparison, where that has no meaning."""
    if error < 0 or not reference >= 0:
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


def _shown(evaluation: dict[str, Any]) -> str:
    return f"{evaluation.get('metric')} {_number(evaluation.get('value')):.6g}"
