"""Each library beside scikit-learn, where requirements/model.txt has it installed; the others skip and say so."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from inference import handler
from training import artifact, model, serving, shards
from training.checkpoint import Checkpoints
from training.estimators import estimator
from training.frameworks.network import Network
from training.settings import SettingsError, parse_settings

ROWS = 400
PACKAGES = {"lightgbm": "lightgbm", "xgboost": "xgboost", "pytorch": "torch", "keras": "keras"}  # what each imports
TREES, NETWORK = {"n_estimators": 20}, {"epochs": 30, "width": 16, "learning_rate": 0.01, "batch_size": 32}
QUICK = {"lightgbm": TREES, "xgboost": TREES, "pytorch": NETWORK, "keras": NETWORK}
PLANS = {"lightgbm": "complete", "xgboost": "complete", "pytorch": "encoders", "keras": "encoders"}
TARGETS = {"price": "number", "kind": "category", "sold": "boolean"}
COLUMNS = [
    {"name": "size", "type": "number"},
    {"name": "colour", "type": "category"},
    {"name": "new", "type": "boolean"},
]


@pytest.fixture(params=PACKAGES)
def name(request):
    pytest.importorskip(PACKAGES[request.param], reason=f"{request.param} is not in requirements/model.txt")
    return request.param


@pytest.fixture(scope="module")
def table():
    """Size and colour decide; every fifth size and every seventh colour is missing."""
    rng, index = np.random.default_rng(0), np.arange(ROWS)
    size, colour = rng.uniform(0, 10, ROWS), rng.choice(["red", "blue", "green"], ROWS)
    return pd.DataFrame(
        {
            "size": np.where(index % 5 == 0, np.nan, size),
            "colour": pd.Series(colour, dtype=object).mask(index % 7 == 0),
            "new": np.where(index % 9 == 0, np.nan, rng.choice([0.0, 1.0], ROWS)),
            "price": np.exp(size / 2 + (colour == "red") + rng.normal(0, 0.1, ROWS)),
            "kind": np.where(size > 6, "large", np.where(size > 3, "middle", "small")),
            "sold": (size > 5).astype(float),
        }
    )


def settings_for(name, target, **hyperparameters):
    kind, metric = ("regression", "mae") if target == "price" else ("classification", "accuracy")
    problem = {"type": kind, "target": target, "metric": metric}
    columns = [{"name": target, "type": TARGETS[target]}, *COLUMNS]
    chosen = {"name": name, "hyperparameters": QUICK[name] | hyperparameters}
    return parse_settings({"problem": problem, "columns": columns, "model": chosen})


@pytest.mark.parametrize("target", TARGETS)
def test_framework_beats_the_trivial_model_and_is_served_as_it_was_trained(table, tmp_path, name, target):
    settings, learn, judge = settings_for(name, target), table[:300], table[300:]
    fitted = model.fit(learn, settings)
    one, trivial = (model.evaluate(each, judge, settings)[0] for each in (fitted, model.trivial(learn, settings)))
    metric = settings.problem.metric
    assert one[metric] > trivial[metric] if settings.higher_is_better else one[metric] < trivial[metric]
    model.save(fitted, tmp_path)
    facts = serving.export(fitted, judge, tmp_path)
    assert facts["plan"] == PLANS[name], facts
    assert facts["parity"]["largest_difference"] <= 1e-9
    artifact.seal(tmp_path, {})
    asked = handler.instances_of(fitted.columns, judge)
    answers = [handler.predict(served, asked) for served in (handler.restore(tmp_path), handler.serve(fitted))]
    assert artifact.same(*answers)


OTHERS = [
    ("lightgbm", {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}, "random forests"),
    ("lightgbm", {"objective": "cross_entropy"}, "objective cross_entropy"),
    ("lightgbm", {"objective": "huber"}, ""),
    ("lightgbm", {"objective": "poisson"}, ""),
    ("xgboost", {"booster": "dart"}, "dropped trees"),
    ("xgboost", {"objective": "count:poisson"}, "objective count:poisson"),
    ("xgboost", {"objective": "reg:absoluteerror"}, ""),
    ("xgboost", {"subsample": 0.5, "max_leaves": 7, "grow_policy": "lossguide"}, ""),
]


@pytest.mark.parametrize(("framework", "hyperparameters", "why"), OTHERS)
def test_other_settings_have_a_plan_or_are_served_by_the_estimator(table, tmp_path, framework, hyperparameters, why):
    pytest.importorskip(framework, reason=f"{framework} is not in requirements/model.txt")
    even = table.assign(price=1 / (1 + np.exp(5 - table["size"].fillna(5))))  # not skewed, and a share
    settings = settings_for(framework, "price", **hyperparameters)
    fitted = model.fit(even, settings)
    assert not fitted.log_target
    model.save(fitted, tmp_path)
    facts = serving.export(fitted, even, tmp_path)
    assert (facts["plan"], why in facts["why"]) == ("encoders" if why else "complete", True), facts
    artifact.seal(tmp_path, {})
    asked = handler.instances_of(fitted.columns, even)
    answers = [handler.predict(served, asked) for served in (handler.restore(tmp_path), handler.serve(fitted))]
    assert artifact.same(*answers)


@pytest.mark.filterwarnings("ignore:.*Device is changed")
@pytest.mark.parametrize("target", ["price", "kind"])
def test_xgboost_learns_on_the_gpu_that_there_is_and_answers_on_the_cpu(table, monkeypatch, target):
    pytest.importorskip("xgboost", reason="xgboost is not in requirements/model.txt")
    settings = settings_for("xgboost", target)
    monkeypatch.setenv("SM_NUM_GPUS", "0")
    assert estimator(settings)[-1].device == "cpu"
    monkeypatch.setenv("SM_NUM_GPUS", "1")
    assert estimator(settings)[-1].device == "cuda"
    assert model.fit(table, settings).estimator[-1].device == "cpu"


@pytest.mark.parametrize("classes", [0, 3])
def test_network_answers_like_the_layers_of_pytorch(classes):
    torch = pytest.importorskip("torch", reason="pytorch is not in requirements/model.txt")
    from training.frameworks import pytorch

    fitted, inputs = small_network("pytorch", classes)
    layers = pytorch.module(fitted, inputs.shape[1]).eval()
    for mine, weights in zip(layers.parameters(), fitted.weights_, strict=True):
        mine.data = torch.tensor(weights.T.copy(), dtype=torch.float32)
    expected = layers(torch.tensor(inputs, dtype=torch.float32)).detach().numpy()
    assert np.allclose(fitted.scores(inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
def test_network_answers_like_the_layers_of_keras(classes):
    pytest.importorskip("keras", reason="keras is not in requirements/model.txt")
    from training.frameworks import keras

    fitted, inputs = small_network("keras", classes)
    layers = keras.model(fitted, inputs.shape[1])
    layers.set_weights(fitted.weights_)
    assert np.allclose(fitted.scores(inputs), layers.predict(inputs, verbose=0), rtol=1e-4, atol=1e-5)


def small_network(library, classes):
    inputs = np.random.default_rng(0).normal(size=(200, 3))
    known = np.floor(inputs[:, 0] * 9).astype(int) % classes if classes else inputs[:, 0] * 3 + 7
    return Network(library, classify=bool(classes), epochs=3, width=8, dropout=0.2).fit(inputs, known), inputs


def test_framework_that_trains_twice_gives_the_same_files(table, tmp_path, name):
    sealed = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        model.save(model.fit(table, settings_for(name, "price")), folder)
        sealed.append(artifact.seal(folder, {}))
    assert sealed[0] == sealed[1]


@pytest.mark.parametrize("booster", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("target", TARGETS)
def test_booster_learns_from_disk_what_it_learns_in_memory(table, tmp_path, monkeypatch, booster, target):
    pytest.importorskip(PACKAGES[booster], reason=f"{booster} is not in requirements/model.txt")
    monkeypatch.setattr(shards, "ROWS", 50)
    words = {"new": table["new"].map({1: "yes", 0: "no"}), "sold": table["sold"].map({1: "yes", 0: "no"})}
    table.assign(**words).to_csv(tmp_path / "table.csv", index=False)
    small = settings_for(booster, target)
    large = replace(small, data=replace(small.data, memory_gb=1e-6))
    fitted = [model.fit(model.load(tmp_path / "table.csv", settings)[0], settings) for settings in (small, large)]
    judge = model.load(tmp_path / "table.csv", small)[1]
    known, found = (model.evaluate(one, judge, small)[0][small.problem.metric] for one in fitted)
    assert found == pytest.approx(known, rel=0.05)


def test_unknown_hyperparameter_of_a_framework_is_refused(table, name):
    with pytest.raises(SettingsError, match="learning_rat"):
        model.fit(table, settings_for(name, "price", learning_rat=1))


@pytest.mark.parametrize(("framework", "package"), PACKAGES.items())
def test_framework_that_is_not_installed_is_named(table, monkeypatch, framework, package):
    monkeypatch.delitem(sys.modules, f"training.frameworks.{framework}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # what makes Python say that there is no such module
    with pytest.raises(SettingsError, match=rf"{framework} needs .*requirements/model\.txt"):
        model.fit(table, settings_for(framework, "price"))


class Interrupted(Checkpoints):
    """Checkpoints of a machine that is taken away as soon as one was written."""

    def save(self, step, content):
        Checkpoints(self.folder, self.name).save(step, content)
        raise InterruptedError


@pytest.mark.parametrize("framework", ["lightgbm", "xgboost", "pytorch"])
@pytest.mark.parametrize("target", ["price", "kind"])
def test_interrupted_training_ends_as_if_nothing_had_happened(table, tmp_path, framework, target):
    pytest.importorskip(PACKAGES[framework], reason=f"{framework} is not in requirements/model.txt")
    longer = {"epochs": 25, "dropout": 0.2} if framework == "pytorch" else {"n_estimators": 60}
    settings = settings_for(framework, target, **longer)
    rows, answers = table.drop(columns=list(TARGETS)), model.answers_of(table, settings.target)
    fitted = []
    for folder, kinds in (("whole", [Checkpoints]), ("resumed", [Interrupted, Interrupted, Checkpoints])):
        for kind in kinds:
            pipeline = estimator(settings)
            last = pipeline.steps[-1][0]
            checkpoints = kind(tmp_path / folder, "own")
            try:
                pipeline.fit(rows, answers, **{f"{last}__checkpoints": checkpoints})
            except InterruptedError:
                assert Checkpoints(tmp_path / folder, "own").exist()
        fitted.append(pipeline)
    whole, resumed = ([*map(str, one.predict(rows))] for one in fitted)
    assert whole == resumed
