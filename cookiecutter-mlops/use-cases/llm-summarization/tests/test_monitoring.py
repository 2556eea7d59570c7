"""A window of captured dialogues through the whole monitor: usual traffic, other words, summaries that people wrote."""

import json

import captured
import pytest
from dialogues import settings_for, table

from functions.invoke import shape
from monitoring.monitor import Run, monitor
from training import model

RUN = Run("calls", "prod", "3", "2026-01-02T03", 1, True, 1.0, requests=200.0, errors=0.0)
LIMITS = {"minimum_rows": 100, "minimum_labels": 50, "jensen_shannon": 0.2}
OWN = settings_for(drift=LIMITS)
LEAD = model.trivial(table(), OWN)  # what summarizes does not matter to the monitor
DIALOGUES = table()["dialogue"].tolist() * 8


@pytest.fixture
def folder(tmp_path):
    """What a job finds beside the captured requests."""
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline/baseline.json").write_text(json.dumps(model.baseline(LEAD, table())))
    (tmp_path / "baseline/evaluation.json").write_text(json.dumps({"metrics": {"rougeL": 0.9, "words": 12.0}}))
    return tmp_path


def capture(folder, dialogues: list[str]) -> list[str]:
    """Write dialogues with their summaries, as an endpoint leaves them; one in ten was too long for one."""
    summaries = LEAD.summarizer.summaries(dialogues)
    answers = [{"summary": text} if n % 10 else {"error": "too long"} for n, text in enumerate(summaries)]
    pairs = enumerate(zip(dialogues, answers, strict=True))
    lines = [captured.line(f"id-{n}", RUN.start, [{"dialogue": text}], [answer]) for n, (text, answer) in pairs]
    captured.write(folder / "capture/03", lines)
    return summaries


def as_vllm(line: str) -> str:
    """The same request, asked in both languages, as AWS's vLLM image answers it."""
    seen = json.loads(line)
    asked, told = (seen["captureData"][f"endpoint{mode}"] for mode in ("Input", "Output"))
    asked["data"] = json.dumps(shape.to_endpoint(json.loads(asked["data"])))
    (answer,) = json.loads(told["data"])["predictions"]
    told["data"] = json.dumps({"choices": [{"message": {"role": "assistant", "content": answer["summary"]}}]})
    return json.dumps(seen)


def run(folder):
    statistics = monitor(RUN, folder, folder / "output", OWN)
    violations = json.loads((folder / "output/constraint_violations.json").read_text())["violations"]
    return statistics, {(entry["feature_name"], entry["constraint_check_type"]) for entry in violations}


def test_usual_dialogues_do_not_drift_and_what_got_no_summary_is_no_answer(folder):
    capture(folder, DIALOGUES)
    statistics, broken = run(folder)
    assert broken == set()
    predictions = next(entry for entry in statistics["features"] if entry["name"] == "(prediction)")
    assert predictions["drift"]["rows"] == sum(number % 10 > 0 for number in range(len(DIALOGUES)))
    assert statistics["dataset"]["item_count"] == len(DIALOGUES)


def test_answers_of_vllm_are_read_as_those_of_this_projects_server(folder):
    answers = [{"summary": text} for text in LEAD.summarizer.summaries(DIALOGUES)]
    pairs = enumerate(zip(DIALOGUES, answers, strict=True))
    lines = [captured.line(f"id-{n}", RUN.start, [{"dialogue": text}], [answer]) for n, (text, answer) in pairs]
    captured.write(folder / "capture/03", map(as_vllm, lines))
    statistics, broken = run(folder)
    assert broken == set()
    assert [entry["drift"]["rows"] for entry in statistics["features"]] == [len(DIALOGUES)] * 2
    assert statistics["traffic"]["captured"]["unreadable"] == 0


def test_other_words_are_drift(folder):
    capture(folder, [f"{dialogue} pension insurance mortgage loan interest" for dialogue in DIALOGUES])
    assert ("dialogue", "baseline_drift_check") in run(folder)[1]


@pytest.mark.parametrize(("wrong", "violated"), [(0, False), (60, True)])
def test_summaries_that_people_wrote_give_the_quality(folder, wrong, violated):
    summaries = capture(folder, DIALOGUES)
    lines = []
    for number, summary in enumerate(summaries):
        told = "something else" if number < wrong else summary
        data = {"data": json.dumps([told]), "encoding": "JSON"}
        key = {"eventId": f"id-{number}"}
        lines.append(json.dumps({"groundTruthData": data, "eventMetadata": key, "eventVersion": "0"}))
    captured.write(folder / "history/ground-truth/2026/01/09/00", lines)
    statistics, broken = run(folder)
    assert statistics["quality"]["metric"] == "rougeL"
    assert (("(quality)", "LessThanThreshold") in broken) is violated
