"""The tabular model on small made-up tables, whatever project.toml says."""

import json

import numpy as np
import pytest
import skops.io
from made_up import ROWS, TARGETS, fitted, settings_for, table
from sklearn.base import BaseEstimator
from skops.io.exceptions import UntrustedTypesFoundException

from training import artifact, explain, model
from training.settings import SettingsError


@pytest.mark.parametrize("name", ["gradient-boosting", "linear"])
@pytest.mark.parametrize("target", TARGETS)
def test_model_beats_the_trivial_one_and_survives_the_disk(tmp_path, target, name):
    settings = settings_for(target, model={"name": name})
    learn, judge = table()[:300], table()[300:]
    one = model.fit(learn, settings)
    candidates = (one, model.trivial(learn, settings))
    mine, trivial = (model.evaluate(each, judge, settings)[0][settings.problem.metric] for each in candidates)
    assert mine > trivial if settings.higher_is_better else mine < trivial
    model.save(one, tmp_path)
    restored = model.restore(tmp_path)
    assert restored.columns == one.columns
    assert model.predict(restored, judge).tolist() == model.predict(one, judge).tolist()


def test_skewed_target_is_learned_as_its_logarithm():
    assert fitted().log_target


def test_symmetric_target_is_learned_as_it_is():
    even = table().assign(price=100 + 3 * table()["size"].fillna(5))
    assert not model.fit(even, settings_for("price")).log_target


METRICS = [("price", "mae"), ("price", "rmse"), ("kind", "accuracy"), ("kind", "log_loss")]


@pytest.mark.parametrize(("target", "metric"), METRICS)
def test_mean_loss_of_the_rows_is_the_metric(target, metric):
    kind = "regression" if target == "price" else "classification"
    settings = settings_for(target, problem={"type": kind, "target": target, "metric": metric})
    judge = table().assign(**{target: np.roll(table()[target], 1)})  # of other rows, so that many answers are wrong
    values, losses = model.evaluate(fitted(target), judge, settings)
    mean = losses.mean()
    expected = {"accuracy": 1 - mean, "rmse": mean**0.5}.get(metric, mean)
    assert (len(losses), values[metric]) == (ROWS, pytest.approx(expected))


def test_model_that_answers_with_infinity_has_no_number_as_a_metric(monkeypatch):
    one = fitted()
    monkeypatch.setattr(model, "predict", lambda _, rows: np.full(len(rows), np.inf))
    values, losses = model.evaluate(one, table(), settings_for("price"))
    assert np.isnan([*values.values()]).all()
    assert not np.isfinite(losses).any()


def test_groups_name_the_value_of_each_row():
    assert set(model.groups(table(), "new")) == {"true", "false"}
    assert set(model.groups(table(), "colour")) == {"red", "blue", "green", "missing"}


def test_training_twice_gives_the_same_files(tmp_path):
    again = model.fit(table(), settings_for("price"))
    for name, one in (("first", fitted()), ("second", again)):
        (tmp_path / name).mkdir()
        model.save(one, tmp_path / name)
    first, second = (artifact.seal(tmp_path / name, {}) for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(("target", "answer"), [("price", "mean price"), ("sold", "probability of sold = true")])
def test_columns_that_decide_are_the_important_ones(target, answer):
    settings = settings_for(target)
    explained = json.loads(json.dumps(explain.explain(fitted(target), table(), settings), allow_nan=False))
    means = {name: entry["mean"] for name, entry in explained["importance"].items()}
    assert max(means, key=means.get) == "size"
    curve = [mean for _, mean in explained["dependence"]["size"]]
    assert curve[0] < curve[-1]
    assert explained["dependence"].keys() == {"size", "colour", "new", "day"}
    assert explained["answer"] == answer


def test_baseline_describes_every_column():
    described = json.loads(json.dumps(model.baseline(fitted("kind"), table()), allow_nan=False))
    assert described["columns"]["size"]["missing"] == pytest.approx(0.2)
    for column in [*described["columns"].values(), described["prediction"]]:
        shares = column["shares"]
        assert sum(shares.values() if isinstance(shares, dict) else shares) == pytest.approx(1)


def test_unknown_model_and_hyperparameter_are_refused():
    with pytest.raises(SettingsError, match="gradient-boosting, linear"):
        model.fit(table(), settings_for("price", model={"name": "forest"}))
    with pytest.raises(SettingsError, match="learning_rat"):
        model.fit(table(), settings_for("price", model={"hyperparameters": {"learning_rat": 0.1}}))


class Foreign(BaseEstimator):
    """An estimator from outside scikit-learn: constructing it would run code that nobody agreed to."""


def test_model_file_with_a_foreign_type_is_refused(tmp_path):
    model.save(fitted(), tmp_path)
    skops.io.dump(Foreign(), tmp_path / "model.skops")
    with pytest.raises(UntrustedTypesFoundException):
        model.restore(tmp_path)
