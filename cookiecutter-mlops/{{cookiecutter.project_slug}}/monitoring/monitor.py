"""Compares a window of captured requests with what the live model was trained on, in bounded memory.

    python -m training.contract monitor     # how functions/launch starts it, in the project's own train image

/opt/ml/processing/input/capture     hours of captured requests              (monitoring/capture.py)
/opt/ml/processing/input/baseline    baseline.json and evaluation.json, which training stored with the live model
/opt/ml/processing/input/history     earlier windows, their answers, and ground truth      (may be missing)
/opt/ml/processing/output            statistics.json, constraint_violations.json, report.html, metrics.json,
                                     answers-<model>.csv.gz

The job is isolated: what goes to CloudWatch it leaves in metrics.json, and functions/launch publishes it.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring import quality, report, statistics
from monitoring.capture import batches
from monitoring.window import PredictionLog, Window
from training.settings import Settings, UserError

HOUR = "%Y-%m-%dT%H"
HISTORY = 24 * 14  # points of a course that a report shows


@dataclass(frozen=True)
class Run:
    """What functions/launch tells the job, as environment variables."""

    project: str
    stage: str
    model: str
    start: str  # 2026-01-02T03
    hours: int
    complete: bool
    share: float  # of the captured requests that are looked at, 0 to 1
    requests: float | None  # that the endpoint counted; None where nobody counts
    errors: float | None

    @staticmethod
    def from_environment() -> "Run":
        said = {name: os.environ.get(f"MONITOR_{name.upper()}", "") for name in Run.__annotations__}
        return Run(
            project=said["project"],
            stage=said["stage"],
            model=said["model"],
            start=said["start"],
            hours=int(said["hours"]),
            complete=said["complete"] == "yes",
            share=float(said["share"]),
            requests=float(said["requests"]) if said["requests"] else None,
            errors=float(said["errors"]) if said["errors"] else None,
        )

    @property
    def end(self) -> str:
        return (datetime.strptime(self.start, HOUR) + timedelta(hours=self.hours)).strftime(HOUR)

    @property
    def refused(self) -> float:
        return (self.errors or 0.0) / self.requests if self.requests else 0.0


def monitor(run: Run, source: Path, output: Path, settings: Settings) -> dict[str, Any]:
    """Leave the results of a window in a folder, and return the statistics."""
    output.mkdir(parents=True, exist_ok=True)
    baseline, evaluation = (_read(source / "baseline" / name) for name in ("baseline.json", "evaluation.json"))
    window, log = Window(baseline, settings), output / f"answers-{run.model}.csv.gz"
    fields = tuple(column.name for column in settings.features)
    with PredictionLog(log) as answers:
        for batch in batches(source / "capture", run.share, window.counts, fields):
            window.add(batch)
            answers.add(batch)
    features = statistics.compared(window, settings)
    courses = _courses(source / "history", run.model)
    for entry in features:
        _continue(entry["drift"], courses.get(entry["name"], {}))
    logs = [log, *(source / "history").rglob(f"*/answers-{run.model}.csv.gz")]
    truth = quality.joined(quality.Labels(settings).read(source / "history" / "ground-truth"), logs)
    result = _statistics(run, window, features, quality.assess(truth, evaluation["metrics"], settings))
    _write(output, run, window, result, settings)
    return result


def _statistics(run: Run, window: Window, features: list[dict[str, Any]], found: dict[str, Any]) -> dict[str, Any]:
    counts = vars(window.counts)
    span = {"project": run.project, "stage": run.stage, "model": run.model, "start": run.start, "end": run.end}
    return {
        "version": 0.0,
        "dataset": {"item_count": max(each["drift"]["rows"] for each in features)},
        "features": features,
        "window": {**span, "complete": run.complete, "share": run.share},
        "traffic": {"requests": run.requests, "refused": run.refused if run.requests else None, "captured": counts},
        "quality": found,
    }


def _write(output: Path, run: Run, window: Window, result: dict[str, Any], settings: Settings) -> None:
    broken = statistics.violations(window, result["features"], run.refused, settings)
    broken += statistics.of_quality(result["quality"])
    page = report.render(window, result, broken)
    _json(output / "statistics.json", result)
    _json(output / "constraint_violations.json", {"violations": broken, "verdict": report.verdict(result, broken)})
    _json(output / "metrics.json", {"metrics": metrics(result, broken), "end": run.end, "complete": run.complete})
    (output / "report.html").write_text(page, encoding="utf-8")
    print(report.verdict(result, broken), flush=True)


def metrics(result: dict[str, Any], broken: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What CloudWatch is told. Drift is a multiple of the column's threshold, so that one alarm fits every column."""
    judged = {each["name"]: each["drift"] for each in result["features"] if each["drift"]["value"] is not None}
    drift = {name: found["value"] / found["threshold"] for name, found in judged.items()}
    values: dict[str, float | None] = {
        "Rows": result["dataset"]["item_count"],
        "Violations": len(broken),
        "RefusedShare": result["traffic"]["refused"],
        "Drift": max(drift.values()) if drift else None,
        "DriftedFeatures": sum(found["drifted"] for found in judged.values()) if judged else None,
    }
    found = result["quality"]
    if found["points"]:
        values |= {"Quality": found["points"][-1]["value"], "QualityLoss": found["loss"]}
        values |= {"QualityViolated": float(found["violated"])}
    plain = [{"name": name, "value": float(value)} for name, value in values.items() if value is not None]
    return plain + [{"name": "Drift", "value": value, "feature": name} for name, value in drift.items()]


def _courses(history: Path, model: str) -> dict[str, dict[str, Any]]:
    """What earlier windows of the same model found, by column and hour; another model had another baseline."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(history.rglob("statistics.json")):
        earlier = json.loads(path.read_text())
        for entry in earlier["features"] if earlier["window"]["model"] == model else []:
            points = {point["hour"]: point for point in entry["drift"]["hours"]}
            found[entry["name"]] = found.get(entry["name"], {}) | points
    return found


def _continue(found: dict[str, Any], earlier: dict[str, Any]) -> None:
    """Put the course of earlier windows before that of this one, and say since when the column has drifted."""
    points = earlier | {point["hour"]: point for point in found["hours"]}
    found["hours"] = [points[hour] for hour in sorted(points)][-HISTORY:]
    found["since"] = None
    for point in reversed(found["hours"]):
        if not (found["drifted"] and point["drifted"]):
            break
        found["since"] = point["hour"]


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        raise UserError(f"{path.name}: is not stored with the live model; train and release it again.") from None


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
