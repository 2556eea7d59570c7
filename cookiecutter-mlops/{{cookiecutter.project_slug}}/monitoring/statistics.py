"""The results as files, in the shapes that users of SageMaker Model Monitor know, with what drift adds.

statistics.json             counts, means, distributions of every column
constraint_violations.json  one entry per broken rule, in sentences
"""

from typing import Any

import numpy as np

from monitoring import drift
from monitoring.sketch import Live, Numbers
from monitoring.svg import figure
from monitoring.window import PREDICTION, Window
from training.settings import Settings

CATEGORY_RULE, TYPE_RULE = "categorical_values_check", "data_type_check"
SHOWN = 50  # buckets of a distribution of names


def feature(name: str, live: Live, found: dict[str, Any]) -> dict[str, Any]:
    """One entry of statistics.json's `features`."""
    common = {"num_present": live.present, "num_missing": live.missing}
    entry: dict[str, Any] = {"name": label(name), "inferred_type": "String", "drift": found}
    if isinstance(live, Numbers):
        entry["inferred_type"] = "Fractional"
        return entry | {"numerical_statistics": {"common": common, **_numbers(live)}}
    buckets = [{"value": value, "count": count} for value, count in live.counts.most_common(SHOWN)]
    distribution = {"categorical": {"buckets": buckets}}
    return entry | {
        "string_statistics": {"common": common, "distinct_count": len(live.counts), "distribution": distribution}
    }


def _numbers(live: Numbers) -> dict[str, Any]:
    if not live.present:
        return {}
    mean = live.sum / live.present
    deviation = float(np.sqrt(max(0.0, live.squares / live.present - mean**2)))
    bounds = [live.minimum, *live.edges, live.maximum]
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(bounds[:-1], bounds[1:], live.counts, strict=True)
    ]
    moments = {"mean": float(mean), "sum": float(live.sum), "std_dev": deviation}
    moments |= {"min": float(live.minimum), "max": float(live.maximum)}
    return moments | {"distribution": {"kll": {"buckets": buckets}}}


def label(name: str) -> str:
    """How a column is called in files and reports; a column of the table may itself be called prediction."""
    return "(prediction)" if name == PREDICTION else name


def violations(
    window: Window, features: list[dict[str, Any]], refused: float, settings: Settings
) -> list[dict[str, str]]:
    """Every rule that the window broke."""
    limits = settings.drift
    found = [entry for each in features for entry in (*_of_drift(each), *_of_missing(each, limits.missing_increase))]
    rows = max(1, *(each["drift"]["rows"] for each in features))
    for name, breach in window.wrong.items():
        if breach.count / rows > limits.violations:
            kind = next(column.type for column in settings.columns if column.name == name)
            check = CATEGORY_RULE if kind == "category" else TYPE_RULE
            found.append(_violation(name, check, f"{breach.count} of {rows} values break the rule in project.toml"))
    for name, count in window.unknown.items():
        found.append(_violation(name, "extra_column_check", f"{count} instances have a field that is no column"))
    if window.counts.unreadable > limits.violations * max(1, window.counts.sampled):
        sentence = f"{window.counts.unreadable} of {window.counts.sampled} captured requests cannot be read"
        found.append(_violation("(request)", TYPE_RULE, sentence))
    if refused > limits.refused:
        sentence = f"{refused:.1%} of the requests were answered with an error, {limits.refused:.1%} are accepted"
        found.append(_violation("(request)", "error_rate_check", sentence))
    return found


def _of_drift(entry: dict[str, Any]) -> list[dict[str, str]]:
    found = entry["drift"]
    if not found["drifted"]:
        return []
    words = found["statistic"].replace("_", " ")
    sentence = f"{words} {found['value']:.3g} reaches the threshold {found['threshold']:g}"
    return [_violation(entry["name"], "baseline_drift_check", sentence)]


def _of_missing(entry: dict[str, Any], increase: float) -> list[dict[str, str]]:
    found = entry["drift"]
    if found["missing"] - found["baseline_missing"] <= increase:
        return []
    sentence = f"{found['missing']:.1%} of the values are missing, in training it were {found['baseline_missing']:.1%}"
    return [_violation(entry["name"], "completeness_check", sentence)]


def of_quality(quality: dict[str, Any]) -> list[dict[str, str]]:
    """The violation that a loss of quality is, in the shape of Model Monitor's model quality."""
    if not quality.get("violated"):
        return []
    newest, metric = quality["points"][-1], quality["metric"]
    check = "LessThanThreshold" if quality["higher_is_better"] else "GreaterThanThreshold"
    value, low, high, trained = map(figure, (newest["value"], newest["low"], newest["high"], quality["trained"]))
    sentence = f"{metric} {value} ({low} to {high}) since {newest['from']}, in training {trained}"
    return [{"metric_name": metric, **_violation("(quality)", check, sentence)}]


def _violation(name: str, check: str, sentence: str) -> dict[str, str]:
    return {"feature_name": name, "constraint_check_type": check, "description": sentence}


def compared(window: Window, settings: Settings) -> list[dict[str, Any]]:
    """Statistics and drift of every column and of the prediction, with the course over the hours."""
    result = []
    for name in window.expected:
        live = window.column(name)
        entry = feature(name, live, drift.compare(live, settings.drift))
        hours = {hour: drift.compare(part[name], settings.drift) for hour, part in window.hours.items() if name in part}
        entry["drift"]["hours"] = [
            {"hour": hour, "value": found["value"], "drifted": found["drifted"]}
            for hour, found in sorted(hours.items())
            if found["value"] is not None
        ]
        result.append(entry)
    return result
