"""Fits that go step by step: in batches from disk, and on from a checkpoint when AWS took the machine back."""

from dataclasses import replace

import pytest
from machines import on_each
from made_up import TARGETS, settings_for, table
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from training import incremental, model, shards
from training.batches import checked
from training.checkpoint import Checkpoints
from training.data import load_table, split
from training.settings import Column, SettingsError

LINEAR = {"name": "linear"}


class Interrupted(Exception):
    """AWS takes the machine back."""


class Machine(Checkpoints):
    """Keeps `left` more checkpoints, and is then taken away."""

    def __init__(self, folder, name, left):
        super().__init__(folder, name)
        self.left = left

    def part(self, name):
        self.name = f"{self.name.partition('-')[0]}-{name}"
        return self

    def save(self, step, content):
        super().save(step, content)
        self.left -= 1
        if self.left < 0:
            raise Interrupted


def test_interrupted_fit_ends_as_if_nothing_had_happened(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "ROUND", 12)
    settings = settings_for("price")
    whole = model.fit(table(), settings)
    for left in (0, 4):  # in the first of three fits, and in the second
        with pytest.raises(Interrupted):
            model.fit(table(), settings, Machine(tmp_path / str(left), "run", left))
        resumed = model.fit(table(), settings, Checkpoints(tmp_path / str(left), "run"))
        assert model.predict(resumed, table()).tolist() == model.predict(whole, table()).tolist()
        assert resumed.estimator[-1].n_iter_ == whole.estimator[-1].n_iter_


@pytest.fixture
def learn(tmp_path, monkeypatch):
    """The table, read from disk in batches, for a target."""
    monkeypatch.setattr(shards, "ROWS", 50)
    monkeypatch.setattr(incremental, "BETWEEN", 3)
    monkeypatch.setattr(incremental, "ENOUGH", 8_000)
    words = {"new": table()["new"].map({1: "yes", 0: "no"}), "sold": table()["sold"].map({1: "yes", 0: "no"})}
    table().assign(**words).to_csv(tmp_path / "table.csv", index=False)

    def learn(target, **sections):
        settings = settings_for(target, **{"data": {"memory_gb": 1e-6}, "model": LINEAR} | sections)
        return *model.load(tmp_path / "table.csv", settings), settings

    return learn


@pytest.mark.parametrize("target", TARGETS)
def test_linear_model_in_batches_is_nearly_that_in_memory(learn, target, tmp_path):
    batches, judge, settings = learn(target)
    fitted = model.fit(batches, settings)
    in_memory, _ = split(load_table(tmp_path / "table.csv", small := settings_for(target, model=LINEAR)), small)
    known = model.fit(in_memory, small)
    mine, theirs, trivial = (
        model.evaluate(one, judge, settings)[0][settings.problem.metric]
        for one in (fitted, known, model.trivial(batches, settings))
    )
    assert abs(mine - theirs) < 0.25 * abs(trivial - theirs)
    model.save(fitted, tmp_path)
    assert model.predict(model.restore(tmp_path), judge).tolist() == model.predict(fitted, judge).tolist()
    assert model.baseline(fitted, batches)["rows"] == len(batches)


def test_interrupted_fit_in_batches_ends_as_if_nothing_had_happened(learn, tmp_path):
    batches, _, settings = learn("price")
    whole = model.fit(batches, settings)
    for left in (0, 5):
        with pytest.raises(Interrupted):
            model.fit(batches, settings, Machine(tmp_path / str(left), "run", left))
        resumed = model.fit(batches, settings, Checkpoints(tmp_path / str(left), "run"))
        assert model.predict(resumed, table()).tolist() == model.predict(whole, table()).tolist()


def test_model_that_learns_in_memory_only_is_refused_for_larger_data(learn):
    batches, _, settings = learn("sold", model={"name": "gradient-boosting"})
    with pytest.raises(
        SettingsError, match=r"gradient-boosting learns in memory.*from disk \(linear, lightgbm, xgboost, pytorch\)"
    ):
        model.fit(batches, settings)


def test_machine_that_lacks_a_class_is_lent_a_row_of_it(tmp_path):
    rare = table().assign(kind=["rare" if row % 40 == 0 else "usual" for row in range(len(table()))])
    rare[["size", "kind"]].to_csv(tmp_path / "table.csv", index=False)
    columns = (Column("kind", "category"), Column("size", "number"))
    settings = replace(settings_for("kind"), columns=columns)

    def learned(machine):
        rows = next(checked(tmp_path / "table.csv", settings))
        learn, _ = shards.share([rows], settings, machine).split(settings, 0)
        pipeline = make_pipeline(SimpleImputer(), DecisionTreeClassifier())
        fitted = incremental.fit_mapped(pipeline, learn, lambda rows: rows[["size"]], lambda rows: rows["kind"])
        return fitted.classes_.tolist(), fitted[-1].tree_.n_node_samples[0] - learn.own

    assert on_each(learned, 2) == [(["rare", "usual"], 0), (["rare", "usual"], 1)]
