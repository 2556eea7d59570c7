"""A window of captured calls through the whole monitor: usual traffic, other words, ground truth of whole calls."""

import json

import captured
import pytest
from calls import call, settings_for, table

from inference import handler
from monitoring.monitor import Run, monitor
from training import model

RUN = Run("calls", "prod", "3", "2026-01-02T03", 1, True, 1.0, requests=300.0, errors=0.0)
LIMITS = {"minimum_rows": 100, "minimum_labels": 50, "jensen_shannon": 0.1}


@pytest.fixture(scope="module")
def own():
    return settings_for(drift=LIMITS)


@pytest.fixture(scope="module")
def fitted(own):
    return model.fit(table(), own)


@pytest.fixture
def folder(tmp_path, fitted, own):
    """What a job finds beside the captured requests."""
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline/baseline.json").write_text(json.dumps(model.baseline(fitted, table())))
    metrics = model.evaluate(fitted, table(), own)[0]
    (tmp_path / "baseline/evaluation.json").write_text(json.dumps({"metrics": metrics}))
    return tmp_path


def asked(words: str = "{}") -> list[dict]:
    """The calls of the table, each said with some words around."""
    calls = table().groupby("call", sort=False)["text"]
    return [call(*(("customer", words.format(text)) for text in texts), name=name) for name, texts in calls] * 5


def capture(folder, fitted, instances) -> list[str]:
    """Write the calls with their answers, as an endpoint leaves them; the answers are returned."""
    answers = handler.predict(handler.serve(fitted), instances)["predictions"]
    lines = [captured.line(f"id-{n}", RUN.start, [one], [answers[n]]) for n, one in enumerate(instances)]
    captured.write(folder / "capture/03", lines)
    return answers


def run(folder, own):
    statistics = monitor(RUN, folder, folder / "output", own)
    violations = json.loads((folder / "output/constraint_violations.json").read_text())["violations"]
    return statistics, {entry["feature_name"] for entry in violations}


def test_usual_calls_break_no_rule(folder, fitted, own):
    capture(folder, fitted, asked())
    statistics, broken = run(folder, own)
    assert broken == set()
    assert statistics["dataset"]["item_count"] == 300


def test_other_words_are_drift_and_nobody_reads_who_said_them(folder, fitted, own):
    capture(folder, fitted, asked("pension insurance mortgage {} my name is Ada Castillo"))
    _, broken = run(folder, own)
    assert "text" in broken
    assert "Castillo" not in (folder / "output/report.html").read_text()


@pytest.mark.parametrize(("wrong", "violated"), [(0, False), (60, True)])
def test_ground_truth_of_calls_gives_their_quality(folder, fitted, own, wrong, violated):
    answers = capture(folder, fitted, asked())
    truths = ["lost" if number < wrong else answer for number, answer in enumerate(answers)]
    labels = [captured.truth(f"id-{number}", [truth]) for number, truth in enumerate(truths)]
    captured.write(folder / "history/ground-truth/2026/01/09/00", labels)
    statistics, broken = run(folder, own)
    assert statistics["quality"]["metric"] == "group_exact_match"
    assert statistics["quality"]["points"][-1]["value"] == pytest.approx(1 - wrong / 300)
    assert ("(quality)" in broken) is violated
