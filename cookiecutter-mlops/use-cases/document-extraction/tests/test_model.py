"""The model of fields: better than the rules, calibrated, resumable, and the same after it was saved."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from training import model, ranker
from training.cells import DataError
from training.checkpoint import Checkpoints
from training.document import parse
from training.known import Known
from training.settings import SettingsError, load_settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def own():
    return load_settings(ROOT / "project.toml")


@pytest.fixture(scope="module")
def rows(own):
    return model.load(ROOT / own.data.sample, own)


@pytest.fixture(scope="module")
def fitted(trained):
    return model.restore(trained / "model")


def test_model_is_better_than_the_rules(trained):
    evaluation = json.loads((trained / "output/data/evaluation.json").read_text())
    assert evaluation["value"] > 0.9
    assert evaluation["value"] > evaluation["baseline"] + 0.2
    assert {"company", "date", "address", "total", "complete"} < set(evaluation["metrics"])


def test_confidence_is_about_how_often_a_value_is_right(fitted, rows, own):
    documents, truths = model._read(rows[1], own)
    told = [
        (one["confidence"], one["value"] == truth.get(name))
        for document, truth in zip(documents, truths, strict=True)
        for name, one in model.extract(fitted, document).items()
    ]
    confidences, right = pd.Series([c for c, _ in told]), pd.Series([r for _, r in told], dtype=float)
    assert confidences.between(0, 1).all()
    assert confidences.mean() == pytest.approx(right.mean(), abs=0.1)


def test_answer_says_where_a_value_stands(fitted, rows):
    text = rows[1]["document"].iloc[0]
    page = json.loads(text)["pages"][0]
    found = model.extract(fitted, parse(text))["date"]
    words = [word for word in page["words"] if word["text"] in found["value"].split()]
    assert found["page"] == 1
    assert any(word["box"][:2] == pytest.approx(found["box"][:2]) for word in words)


def test_document_without_a_candidate_has_no_value(fitted):
    word = {"text": "nothing", "box": [0, 0, 50, 9]}
    assert model.extract(fitted, parse({"pages": [{"words": [word]}]}))["date"] == model.EMPTY


def test_training_that_was_interrupted_keeps_the_fields_that_it_had(rows, own, tmp_path, monkeypatch):
    few, checkpoints = rows[0].head(15), Checkpoints(tmp_path, "same")
    first = model.fit(few, own, checkpoints)
    monkeypatch.setattr(ranker, "fit", lambda *_: pytest.fail("a field was fitted again"))
    second = model.fit(few, own, Checkpoints(tmp_path, "same"))
    answers = [model.predict(one, rows[1].head(5)).tolist() for one in (first, second)]
    assert answers[0] == answers[1]


def test_label_of_a_document_itself_is_not_known_while_it_is_learned_from():
    known = Known.of(["Cafe Aurora S.L.", "Mercado Isla S.A.", "Mercado Isla S.A."])
    texts = ["Cafe Aurora S.L.", "Mercado Isla S.A."]
    assert [found[1:] for found in known.nearest(texts, own="Mercado Isla S.A.")] == [
        (pytest.approx(1), 1), (pytest.approx(1), 1),
    ]  # fmt: skip
    assert known.nearest(texts, own="Cafe Aurora S.L.")[0][1] < 0.9


def test_misread_name_is_put_right_by_those_of_other_documents(fitted):
    finder = fitted.finder.finders["company"]
    name = max(finder.known.counts, key=finder.known.counts.get)
    word = {"text": name[:3] + "0" + name[4:], "box": [24, 24, 200, 40]}
    document = parse({"pages": [{"words": [word]}]})
    found, seen = ranker.proposed("line", document, finder.known, finder.members.shares(document))
    assert [(one.value, one.known) for one in found] == [(word["text"], False), (name, True)]
    assert seen[1]["like"] > 0.55 and seen[1]["count"] > 1


def test_metrics_of_ground_truth_are_those_of_training():
    truth = [model.as_text({"date": "31/05/2024", "total": "9.00"}), model.as_text({"date": None, "total": "7.00"})]
    answers = [truth[0], model.as_text({"date": None, "total": "8.00"})]
    assert model.score(truth, answers, False) == {"exact_match": 0.75, "complete": 0.5}


@pytest.mark.parametrize(("fields", "words"), [({}, "use_case.fields"), ({"total": "money"}, "total must be one of")])
def test_fields_that_nobody_can_read_are_refused(own, fields, words):
    with pytest.raises(SettingsError, match=words):
        model.fields_of(type(own)(**vars(own) | {"use_case": {"fields": fields}}))


def test_model_that_nobody_knows_is_refused(own, rows):
    other = replace(own, model=replace(own.model, name="magic"))
    with pytest.raises(SettingsError, match="candidate-ranker, layout-transformer"):
        model.fit(rows[0], other)


def test_row_without_values_is_named(own, rows):
    broken = rows[1].head(2).assign(fields=["{}", "[1]"])
    with pytest.raises(DataError, match="document 2 of 2"):
        model.evaluate(model.trivial(broken, own), broken, own)
