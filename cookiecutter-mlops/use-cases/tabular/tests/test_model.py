"""The tabular model on small made-up tables, whatever project.toml says."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator
from skops.io.exceptions import UntrustedTypesFoundException

from inference import handler
from training import artifact, explain, incremental, model, shards
from training.cells import DataError
from training.checkpoint import Checkpoints
from training.data import load_table, split
from training.settings import SettingsError, parse_settings

ROWS = 400
LINEAR = {"name": "linear"}
COLUMNS = [
    {"name": "size", "type": "number", "minimum": 0, "missing": 0.5},
    {"name": "colour", "type": "category", "missing": 0.5},
    {"name": "new", "type": "boolean", "missing": 0},
    {"name": "day", "type": "date", "missing": 0.5},
]
TARGETS = {
    "price": {"name": "price", "type": "number"},
    "kind": {"name": "kind", "type": "category"},
    "sold": {"name": "sold", "type": "boolean"},
}


def settings_for(target: str, **sections):
    kind, metric = ("regression", "mae") if target == "price" else ("classification", "accuracy")
    problem = {"type": kind, "target": target, "metric": metric}
    quick = {"model": {"hyperparameters": {"max_iter": 30}}}
    return parse_settings({"problem": problem, "columns": [TARGETS[target], *COLUMNS], **quick, **sections})


@pytest.fixture(scope="module")
def table():
    """Size and colour decide; every fifth size and every seventh colour is missing."""
    rng = np.random.default_rng(0)
    size, colour = rng.uniform(0, 10, ROWS), rng.choice(["red", "blue", "green"], ROWS)
    price = np.exp(size / 2 + (colour == "red") + rng.normal(0, 0.1, ROWS))
    index = np.arange(ROWS)
    return pd.DataFrame(
        {
            "size": np.where(index % 5 == 0, np.nan, size),
            "colour": pd.Series(colour, dtype=object).mask(index % 7 == 0),
            "new": rng.choice([0.0, 1.0], ROWS),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(index, unit="D"),
            "price": price,
            "kind": np.where(size > 6, "large", np.where(size > 3, "middle", "small")),
            "sold": (size > 5).astype(float),
        }
    )


@pytest.fixture(scope="module")
def fits(table):
    """A function that fits the table to a target, once."""
    return cache(lambda target: model.fit(table, settings_for(target)))


@pytest.fixture
def fitted(fits):
    return fits("price")


@pytest.mark.parametrize("name", ["gradient-boosting", "linear"])
@pytest.mark.parametrize("target", TARGETS)
def test_model_beats_the_trivial_one_and_survives_the_disk(table, tmp_path, target, name):
    settings = settings_for(target, model={"name": name})
    learn, judge = table[:300], table[300:]
    fitted = model.fit(learn, settings)
    candidates = (fitted, model.trivial(learn, settings))
    mine, trivial = (model.evaluate(one, judge, settings)[0][settings.problem.metric] for one in candidates)
    assert mine > trivial if settings.higher_is_better else mine < trivial
    model.save(fitted, tmp_path)
    restored = model.restore(tmp_path)
    assert restored.columns == fitted.columns
    assert model.predict(restored, judge).tolist() == model.predict(fitted, judge).tolist()


def test_skewed_target_is_learned_as_its_logarithm(fitted):
    assert fitted.log_target


def test_symmetric_target_is_learned_as_it_is(table):
    even = table.assign(price=100 + 3 * table["size"].fillna(5))
    assert not model.fit(even, settings_for("price")).log_target


METRICS = [("price", "mae"), ("price", "rmse"), ("kind", "accuracy"), ("kind", "log_loss")]


@pytest.mark.parametrize(("target", "metric"), METRICS)
def test_mean_loss_of_the_rows_is_the_metric(table, fits, target, metric):
    kind = "regression" if target == "price" else "classification"
    settings = settings_for(target, problem={"type": kind, "target": target, "metric": metric})
    judge = table.assign(**{target: np.roll(table[target], 1)})  # of other rows, so that many answers are wrong
    values, losses = model.evaluate(fits(target), judge, settings)
    mean = losses.mean()
    expected = {"accuracy": 1 - mean, "rmse": mean**0.5}.get(metric, mean)
    assert (len(losses), values[metric]) == (ROWS, pytest.approx(expected))


def test_model_that_answers_with_infinity_has_no_number_as_a_metric(table, fitted, monkeypatch):
    monkeypatch.setattr(model, "predict", lambda _, rows: np.full(len(rows), np.inf))
    values, losses = model.evaluate(fitted, table, settings_for("price"))
    assert np.isnan([*values.values()]).all()
    assert not np.isfinite(losses).any()


def test_groups_name_the_value_of_each_row(table):
    assert set(model.groups(table, "new")) == {"true", "false"}
    assert set(model.groups(table, "colour")) == {"red", "blue", "green", "missing"}


def test_training_twice_gives_the_same_files(table, fitted, tmp_path):
    again = model.fit(table, settings_for("price"))
    for name, one in (("first", fitted), ("second", again)):
        (tmp_path / name).mkdir()
        model.save(one, tmp_path / name)
    first, second = (artifact.seal(tmp_path / name, {}) for name in ("first", "second"))
    assert first == second


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


def test_interrupted_fit_ends_as_if_nothing_had_happened(table, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "ROUND", 12)
    settings = settings_for("price")
    whole = model.fit(table, settings)
    for left in (0, 4):  # in the first of three fits, and in the second
        with pytest.raises(Interrupted):
            model.fit(table, settings, Machine(tmp_path / str(left), "run", left))
        resumed = model.fit(table, settings, Checkpoints(tmp_path / str(left), "run"))
        assert model.predict(resumed, table).tolist() == model.predict(whole, table).tolist()
        assert resumed.estimator[-1].n_iter_ == whole.estimator[-1].n_iter_


@pytest.fixture
def learn(table, tmp_path, monkeypatch):
    """The table, read from disk in batches, for a target."""
    monkeypatch.setattr(shards, "ROWS", 50)
    monkeypatch.setattr(incremental, "BETWEEN", 3)
    monkeypatch.setattr(incremental, "ENOUGH", 8_000)
    words = {"new": table["new"].map({1: "yes", 0: "no"}), "sold": table["sold"].map({1: "yes", 0: "no"})}
    table.assign(**words).to_csv(tmp_path / "table.csv", index=False)

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


def test_interrupted_fit_in_batches_ends_as_if_nothing_had_happened(table, learn, tmp_path):
    batches, _, settings = learn("price")
    whole = model.fit(batches, settings)
    for left in (0, 5):
        with pytest.raises(Interrupted):
            model.fit(batches, settings, Machine(tmp_path / str(left), "run", left))
        resumed = model.fit(batches, settings, Checkpoints(tmp_path / str(left), "run"))
        assert model.predict(resumed, table).tolist() == model.predict(whole, table).tolist()


def test_model_that_learns_in_memory_only_is_refused_for_larger_data(learn):
    batches, _, settings = learn("sold", model={"name": "gradient-boosting"})
    with pytest.raises(
        SettingsError, match=r"gradient-boosting learns in memory.*from disk \(linear, lightgbm, xgboost, pytorch\)"
    ):
        model.fit(batches, settings)


def test_category_never_seen_before_is_answered(fitted):
    answer = handler.predict(handler.serve(fitted), [{"size": 3, "colour": "violet", "new": True}])
    assert len(answer["predictions"]) == 1


def test_classification_answers_with_probabilities(fits):
    answer = handler.predict(handler.serve(fits("kind")), [{"size": 9, "new": False}])
    assert answer["predictions"] == ["large"]
    assert sum(answer["probabilities"][0].values()) == pytest.approx(1)
    assert set(answer["probabilities"][0]) == {"small", "middle", "large"}


def test_boolean_target_answers_with_booleans(fits):
    answer = handler.predict(handler.serve(fits("sold")), [{"size": 9, "new": "no"}, {"size": 1, "new": 0}])
    assert answer["predictions"] == [True, False]


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        ({"size": 1}, "instances[0]: new is required"),
        ({"new": None}, "new is required"),
        ({"new": True, "size": "large"}, "size must be a number from 0, not 'large'"),
        ({"new": True, "size": -1}, "size must be a number from 0"),
        ({"new": True, "size": True}, "size must be a number"),
        ({"new": True, "color": "red"}, "did you mean colour?"),
        ({"new": True, "day": "yesterday"}, "day must be a date"),
        ({"new": True, "size": [1]}, "size must be one value"),
    ],
)
def test_request_that_breaks_a_rule_is_refused(fitted, instance, words):
    with pytest.raises(DataError) as refusal:
        handler.predict(handler.serve(fitted), [instance])
    assert words in str(refusal.value)


@pytest.mark.parametrize(("target", "answer"), [("price", "mean price"), ("sold", "probability of sold = true")])
def test_columns_that_decide_are_the_important_ones(table, fits, target, answer):
    settings = settings_for(target)
    explained = json.loads(json.dumps(explain.explain(fits(target), table, settings), allow_nan=False))
    means = {name: entry["mean"] for name, entry in explained["importance"].items()}
    assert max(means, key=means.get) == "size"
    curve = [mean for _, mean in explained["dependence"]["size"]]
    assert curve[0] < curve[-1]
    assert explained["dependence"].keys() == {"size", "colour", "new", "day"}
    assert explained["answer"] == answer


def test_baseline_describes_every_column(table, fits):
    described = json.loads(json.dumps(model.baseline(fits("kind"), table), allow_nan=False))
    assert described["columns"]["size"]["missing"] == pytest.approx(0.2)
    for column in [*described["columns"].values(), described["prediction"]]:
        shares = column["shares"]
        assert sum(shares.values() if isinstance(shares, dict) else shares) == pytest.approx(1)


def test_unknown_model_and_hyperparameter_are_refused(table):
    with pytest.raises(SettingsError, match="gradient-boosting, linear"):
        model.fit(table, settings_for("price", model={"name": "forest"}))
    with pytest.raises(SettingsError, match="learning_rat"):
        model.fit(table, settings_for("price", model={"hyperparameters": {"learning_rat": 0.1}}))


class Foreign(BaseEstimator):
    """An estimator from outside scikit-learn: constructing it would run code that nobody agreed to."""


def test_model_file_with_a_foreign_type_is_refused(fitted, tmp_path):
    model.save(fitted, tmp_path)
    skops.io.dump(Foreign(), tmp_path / "model.skops")
    with pytest.raises(UntrustedTypesFoundException):
        model.restore(tmp_path)


def test_captured_instances_keep_the_values_that_break_a_rule():
    settings = settings_for("price")
    instances = [{"size": "4", "new": "yes", "colour": "mauve"}, {"size": -3, "new": None, "age": 7}, "no object"]
    values, wrong, unknown = handler.observed(instances, settings)
    assert values["size"].tolist()[:2] == [4.0, -3.0]
    assert values["colour"].tolist()[0] == "mauve"
    assert wrong["size"].tolist() == [False, True, False]
    assert wrong["new"].tolist() == [False, True, True]  # required
    assert unknown == {"age": 1}


def test_captured_answers_are_those_of_the_server(fitted):
    response = handler.predict(handler.serve(fitted), [{"size": 2, "new": True}, {"size": 3, "new": False}])
    assert handler.answers(response) == response["predictions"]
