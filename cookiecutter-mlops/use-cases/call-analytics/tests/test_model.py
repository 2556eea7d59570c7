"""What is learned from calls, on small made-up ones, whatever project.toml says."""

import json

import numpy as np
import pandas as pd
import pytest
from calls import COLUMNS, settings_for, table

from training import intents, model, shards, slots, turns
from training.settings import SettingsError


@pytest.fixture(scope="module")
def fitted():
    return model.fit(table(), settings_for())


@pytest.mark.parametrize("name", ["linear-svm", "logistic"])
def test_model_beats_the_trivial_one(name):
    own = settings_for(model={"name": name, "hyperparameters": {"C": 10.0}})
    learn, judge = table()[:90], table()[90:]
    values, losses = model.evaluate(model.fit(learn, own), judge, own)
    trivial, _ = model.evaluate(model.trivial(learn, own), judge, own)
    assert values["exact_match"] == pytest.approx(1 - losses.mean())
    assert values["exact_match"] > 0.9 > trivial["exact_match"] == 0.5
    assert values["group_exact_match"] > trivial["group_exact_match"]


def test_turns_that_do_not_fit_into_memory_are_learned_from_a_sample_and_grouped_all(tmp_path, monkeypatch, capsys):
    table(400).to_csv(tmp_path / "calls.csv", index=False)
    monkeypatch.setattr(shards, "SAMPLE", 300)
    own = settings_for(data={"group": "call", "memory_gb": 1e-6}, groups={"count": 3})
    learn, judge = model.load(tmp_path / "calls.csv", own)
    assert isinstance(learn, shards.Shards)
    fitted = model.fit(learn, own)
    assert model.evaluate(fitted, judge, own)[0]["exact_match"] > 0.9
    told = capsys.readouterr().out
    turns_learned = int(told.split("learned from ")[1].split(" turns")[0])
    assert 200 < turns_learned < 400 < len(learn)
    assert fitted.groups.facts["calls"] == len(learn) // 2


def test_model_survives_the_disk_without_a_foreign_type(fitted, tmp_path):
    model.save(fitted, tmp_path)
    restored = model.restore(tmp_path)
    assert model.predict(restored, table()).tolist() == model.predict(fitted, table()).tolist()
    assert restored.columns == fitted.columns
    texts = ["my credit card was stolen", "what is the balance of my account"]
    assert restored.groups.assign(texts) == fitted.groups.assign(texts)
    assert restored.groups.facts == fitted.groups.facts
    assert (tmp_path / "map.svg").read_text().count("<circle") == 60 + len(fitted.groups.names)


def test_turn_with_two_wishes_has_two_intents(fitted):
    told = pd.DataFrame({"call": ["x"], "text": ["i lost my card and what is my balance"]})
    assert model.predict(fitted, told).tolist() == ["balance|lost"]


def test_strongest_intent_is_always_chosen_and_others_only_if_sure():
    scores = np.array([[-2.0, -1.0, -3.0], [1.0, 0.5, 0.1]])
    assert intents.decide(scores).tolist() == [[0, 1, 0], [1, 1, 0]]


def test_turn_is_seen_with_the_one_before_in_its_call():
    seen = turns.inputs(pd.Series(["a", "b", "a"]), pd.Series(["hi", "hello", None]))
    assert seen["previous"].tolist() == [turns.START, turns.START, "hi"]
    assert seen[["turn", "first", "words"]].to_numpy().tolist() == [[0, 1, 1 / 30], [0, 1, 1 / 30], [1, 0, 0]]


def test_call_wants_what_its_turns_want():
    wanted = turns.together(pd.Series(["a", "b", "a"]), ["pay|close", "pay", "close"])
    assert wanted.to_dict() == {"a": "close|pay", "b": "pay"}


def test_slots_are_found_in_names_never_seen(fitted):
    seen = turns.inputs(pd.Series(["x"]), pd.Series(["my name is Zora Quist"]))
    likely, careful = slots.tags(fitted.tagger, seen)
    assert slots.values("my name is Zora Quist", likely[0]) == [{"slot": "name", "value": "Zora Quist"}]
    assert careful == likely


def test_turns_that_are_marked_wrongly_teach_no_slots():
    told = table().assign(slots="name")
    assert slots.fit(turns.inputs(told["call"], told["text"]), told["slots"], 0) is None


def test_same_seed_gives_the_same_bytes(tmp_path):
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        model.save(model.fit(table(), settings_for()), folder)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "other")]
    assert [name for name in files[0] if files[0][name] != files[1][name]] == []


def test_baseline_describes_calls(fitted):
    described = json.loads(json.dumps(model.baseline(fitted, table()), allow_nan=False))
    assert described["rows"] == 60
    assert sum(described["columns"]["text"]["shares"].values()) == pytest.approx(1)
    assert set(described["prediction"]["shares"]) == {"balance", "details", "lost"}
    assert "castillo" not in described["columns"]["text"]["shares"]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"model": {"name": "forest"}}, "linear-svm, logistic"),
        ({"model": {"name": "logistic", "hyperparameters": {"c": 1}}}, "'c' is none of C"),
        ({"model": {"name": "logistic", "hyperparameters": {"C": "viel"}}}, "The 'C' parameter of .* 'viel'"),
        ({"groups": {"method": "spectral"}}, "kmeans, agglomerative, dbscan, neighbours"),
        ({"groups": {"count": 1}}, "count must be 0, or 2 or more"),
        ({"groups": {"size": 1}}, "no entry 'size'"),
        ({"use_case": {"text": "words"}}, "text must be a column: call, speaker"),
        ({"data": {}}, "group must name the column of the call"),
    ],
)
def test_setting_that_cannot_work_is_told(sections, words):
    with pytest.raises(SettingsError, match=words):
        model.fit(table(), settings_for(**sections))


def test_columns_of_a_request_are_those_that_an_application_knows(fitted):
    assert [column.name for column in fitted.columns] == [column["name"] for column in COLUMNS[:3]]
