"""One window of captured requests through the whole monitor, on a small table that is independent of project.toml."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import captured
import numpy as np
import pandas as pd
import pytest

from monitoring.monitor import Run, monitor
from training.baseline import describe
from training.settings import Settings, parse_settings

RNG = np.random.default_rng(1)
RUN = Run("wages", "prod", "3", "2026-01-02T03", 1, True, 1.0, requests=1000.0, errors=0.0)
COLOURS = ["red", "blue"]


@pytest.fixture
def price() -> Settings:
    columns = [
        {"name": "price", "type": "number"},
        {"name": "size", "type": "number", "maximum": 100},
        {"name": "colour", "type": "category", "categories": COLOURS},
        {"name": "sold", "type": "boolean", "missing": 0},
        {"name": "day", "type": "date"},
    ]
    problem = {"type": "regression", "target": "price", "metric": "mae"}
    return parse_settings({"problem": problem, "columns": columns, "drift": {"minimum_labels": 50}})


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Instances as they were in training, or with one column changed."""
    drawn = {
        "size": RNG.normal(50, 10, count).clip(0, 100).round(2).tolist(),
        "colour": RNG.choice(COLOURS, count, p=[0.7, 0.3]).tolist(),
        "sold": RNG.choice([True, False], count).tolist(),
        "day": [f"2025-{month:02}-01" for month in RNG.integers(1, 13, count)],
    }
    drawn |= {name: value(count) for name, value in changes.items()}
    return [dict(zip(drawn, values, strict=True)) for values in zip(*drawn.values(), strict=True)]


def answers(instances: list[dict[str, Any]]) -> list[float]:
    return [2.0 * (instance["size"] or 0) for instance in instances]


@pytest.fixture
def folder(tmp_path: Path, price: Settings) -> Path:
    """What a job finds beside the captured requests: the baseline, and the metrics of training."""
    learned = pd.DataFrame(rows(5000))
    table = learned.assign(day=pd.to_datetime(learned.day), sold=learned.sold.astype(float))
    columns = {column.name: describe(table[column.name], column.type) for column in price.features}
    baseline = {"rows": 5000, "columns": columns, "prediction": describe(table["size"] * 2, "number")}
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline/baseline.json").write_text(json.dumps(baseline))
    (tmp_path / "baseline/evaluation.json").write_text(json.dumps({"metrics": {"mae": 1.0, "rmse": 1.2, "r2": 0.9}}))
    return tmp_path


def capture(folder: Path, instances: list[dict[str, Any]], hour: str = "2026-01-02T03") -> None:
    lines = [captured.line(f"{hour}-{n}", hour, [one], answers([one])) for n, one in enumerate(instances)]
    captured.write(folder / "capture" / hour[-2:], lines)


def run(folder: Path, settings: Settings, which: Run = RUN) -> tuple[dict[str, Any], dict[str, Any]]:
    """The statistics, and what the other files hold."""
    output = folder / "output"
    result = monitor(which, folder, output, settings)
    files = {path.name: path.read_text() for path in output.iterdir() if path.suffix in (".json", ".html")}
    return result, {name: json.loads(text) if name.endswith("json") else text for name, text in files.items()}


def drifted(result: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in result["features"] if entry["drift"]["drifted"]]


def test_usual_traffic_breaks_no_rule(folder: Path, price: Settings):
    capture(folder, rows(1000))
    result, files = run(folder, price)
    assert drifted(result) == []
    assert files["constraint_violations.json"] == {"violations": [], "verdict": "Nothing moved."}
    assert result["dataset"]["item_count"] == 1000
    assert "Nothing moved." in files["report.html"]


def test_drifted_column_is_named_with_its_examples_and_its_beginning(folder: Path, price: Settings):
    capture(folder, rows(600), "2026-01-02T03")
    capture(folder, rows(600, size=lambda count: RNG.normal(75, 5, count).clip(0, 100).tolist()), "2026-01-02T04")
    result, files = run(folder, price, replace(RUN, hours=2))
    assert drifted(result) == ["size", "(prediction)"]
    size = next(entry for entry in result["features"] if entry["name"] == "size")
    assert size["drift"]["since"] == "2026-01-02T04"
    assert {each["feature_name"] for each in files["constraint_violations.json"]["violations"]} == {
        "size",
        "(prediction)",
    }
    assert "2026-01-02T04-" in files["report.html"]
    metrics = {(each["name"], each.get("feature")): each["value"] for each in files["metrics.json"]["metrics"]}
    assert metrics["DriftedFeatures", None] == 2
    assert metrics["Drift", None] == max(metrics["Drift", "size"], metrics["Drift", "(prediction)"]) > 1


def test_new_category_is_drift_and_a_broken_rule(folder: Path, price: Settings):
    capture(folder, rows(1000, colour=lambda count: RNG.choice([*COLOURS, "<b>mauve</b>"], count).tolist()))
    result, files = run(folder, price)
    assert drifted(result) == ["colour"]
    checks = {each["constraint_check_type"] for each in files["constraint_violations.json"]["violations"]}
    assert checks == {"baseline_drift_check", "categorical_values_check"}
    assert "<b>mauve" not in files["report.html"]
    assert "&lt;b&gt;mauve" in files["report.html"]


def test_missing_values_fields_and_lines_are_told(folder: Path, price: Settings):
    usual = rows(900) + rows(100, size=lambda count: [None] * count)
    capture(folder, [{**one, "colur": "red"} for one in usual])
    with (folder / "capture/03/00-00-000.jsonl").open("a") as file:
        file.write("\n".join(["{", '{"captureData": {}}', "[]"] * 10))
    result, files = run(folder, price, replace(RUN, errors=100.0))
    broken = files["constraint_violations.json"]["violations"]
    assert {(each["feature_name"], each["constraint_check_type"]) for each in broken} >= {
        ("size", "completeness_check"),
        ("colur", "extra_column_check"),
        ("(request)", "data_type_check"),
        ("(request)", "error_rate_check"),
    }  # fmt: skip
    assert result["traffic"]["captured"] == {"requests": 1030, "sampled": 1000, "unreadable": 30}


def test_few_rows_are_not_judged(folder: Path, price: Settings):
    capture(folder, rows(50, size=lambda count: [99.0] * count))
    result, files = run(folder, price)
    assert drifted(result) == []
    assert files["constraint_violations.json"]["verdict"] == "Too few requests to judge drift."


def test_course_goes_on_where_earlier_windows_ended(folder: Path, price: Settings):
    high = rows(600, size=lambda count: RNG.normal(75, 5, count).clip(0, 100).tolist())
    capture(folder, high)
    run(folder, price)
    (folder / "output").rename(folder / "history")
    (folder / "capture").rename(folder / "done")
    capture(folder, high, "2026-01-02T04")
    result, _ = run(folder, price, replace(RUN, start="2026-01-02T04"))
    size = next(entry["drift"] for entry in result["features"] if entry["name"] == "size")
    assert ([point["hour"] for point in size["hours"]], size["since"]) == (
        ["2026-01-02T03", "2026-01-02T04"],
        "2026-01-02T03",
    )


def test_sample_is_the_same_in_every_run(folder: Path, price: Settings):
    capture(folder, rows(2000))
    counts = [run(folder, price, replace(RUN, share=0.5))[0]["traffic"]["captured"] for _ in range(2)]
    assert counts[0] == counts[1]
    assert counts[0]["sampled"] == pytest.approx(1000, rel=0.1)


def test_late_and_partial_ground_truth_gives_quality(folder: Path, price: Settings):
    instances = rows(300)
    capture(folder, instances)
    errors = dict(enumerate(RNG.normal(0, 5, 300)))  # training's error was 1
    labels = [captured.truth(f"2026-01-02T03-{n}", [answers([instances[n]])[0] + errors[n]]) for n in range(0, 300, 2)]
    captured.write(folder / "history/ground-truth/2026/01/09/00", ["{}", *labels])
    result, files = run(folder, price)
    found = result["quality"]
    assert (found["labels"], found["metric"], found["violated"]) == (150, "mae", True)
    (point,) = found["points"]
    assert point["value"] == pytest.approx(np.mean([abs(errors[n]) for n in range(0, 300, 2)]))
    assert point["low"] < point["value"] < point["high"]
    assert files["constraint_violations.json"]["violations"][-1]["constraint_check_type"] == "GreaterThanThreshold"
    assert "Quality fell" in files["report.html"]


def test_ground_truth_of_few_answers_is_not_judged(folder: Path, price: Settings):
    capture(folder, rows(300))
    captured.write(folder / "history/ground-truth/2026/01/09/00", [captured.truth("2026-01-02T03-1", [9999])])
    found = run(folder, price)[0]["quality"]
    assert (found["labels"], found["points"], found["violated"]) == (1, [], False)
