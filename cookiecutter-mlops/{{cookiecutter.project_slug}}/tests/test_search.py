"""The search for hyperparameters, with a model that only tells what it was given."""

import json
import random
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from training import contract, model, search
from training.ranges import Range, ranges
from training.settings import SettingsError, load_settings

SETTINGS = load_settings(Path(__file__).parent.parent / "project.toml")
SEARCH = {"rate": {"minimum": 0.001, "maximum": 1.0, "scale": "log"}, "depth": {"minimum": 1, "maximum": 3},
          "kind": ["a", "b"]}  # fmt: skip


def searching(given, **hyperparameters):
    return replace(SETTINGS, model=replace(SETTINGS.model, search=given, hyperparameters=hyperparameters))


def test_values_are_drawn_from_their_ranges():
    chance, tried = random.Random(0), ranges(searching(SEARCH))
    drawn = [{name: one.draw(chance) for name, one in tried.items()} for _ in range(200)]
    assert {one["depth"] for one in drawn} == {1, 2, 3}
    assert {one["kind"] for one in drawn} == {"a", "b"}
    rates = [one["rate"] for one in drawn]
    assert min(rates) >= 0.001
    assert max(rates) <= 1
    assert 40 < sum(rate < 0.01 for rate in rates) < 95  # a third of a logarithmic scale


@pytest.mark.parametrize(
    "given",
    [3, [], {}, {"minimum": 1}, {"minimum": 2, "maximum": 1}, {"minimum": 0, "maximum": 1, "scale": "log"},
     {"minimum": 1, "maximum": 2, "scale": "cubic"}, {"minimum": "a", "maximum": "b"}, {"minimum": 1, "max": 2}],
)  # fmt: skip
def test_range_that_makes_no_sense_is_refused(given):
    with pytest.raises(SettingsError, match=r"model\.search"):
        ranges(searching({"rate": given} if given != {} else {}))


@pytest.fixture
def fake(monkeypatch):
    """A model whose metric is how far `rate` is from 0.1; it remembers from how many rows it learned."""
    asked = []

    def fit(learn, settings):
        asked.append(len(learn))
        return settings.model.hyperparameters.get("rate", 1.0)

    metric = SETTINGS.problem.metric
    monkeypatch.setattr(model, "fit", fit)
    monkeypatch.setattr(model, "evaluate", lambda rate, rows, _: ({metric: abs(rate - 0.1)}, None))
    monkeypatch.setattr(search, "split", lambda rows, _, purpose: (rows[:80], rows[80:]))
    return asked


def test_search_tries_what_is_there_and_what_chance_gives(fake):
    results = list(search.search(pd.DataFrame({"x": range(100)}), searching(SEARCH, rate=0.5), 5))
    assert results[0] == (pytest.approx(0.4), {})
    assert [value for value, _ in results[1:]] == [pytest.approx(abs(c["rate"] - 0.1)) for _, c in results[1:]]
    assert fake == [80] * 6
    again = list(search.search(pd.DataFrame({"x": range(100)}), searching(SEARCH, rate=0.5), 5))
    assert again == results


def test_lines_for_project_toml_are_toml():
    chosen = {"rate": 0.03, "depth": 3, "kind": 'a"b', "flag": True}
    assert tomllib.loads(search.toml(chosen)) == chosen


def test_job_of_a_tuning_job_is_a_trial_and_leaves_no_model(tmp_path, monkeypatch, capsys, fake):
    (tmp_path / "input/config").mkdir(parents=True)
    given = {"_tuning_objective_metric": search.OBJECTIVE, "rate": "0.25"}
    (tmp_path / "input/config/hyperparameters.json").write_text(json.dumps(given))
    monkeypatch.setenv("SM_BASE_DIR", str(tmp_path))
    monkeypatch.setattr(model, "load", lambda *_: (pd.DataFrame({"x": range(100)}), None))
    contract.train()
    assert "validation=0.150000" in capsys.readouterr().out
    assert not (tmp_path / "model").exists()


def test_range_of_whole_numbers_has_whole_ends():
    assert Range((), 1, 5).whole
    assert not Range((), 1, 5.0).whole
