"""Plans of every estimator that is known answer like the pipeline, and what no plan can hold is served all the same."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from inference import build, handler, plan, walk
from inference.rows import Rows
from training import artifact, export, model, parity, serving
from training.scores import Inexpressible
from training.settings import Column

ROWS = 150
TARGETS = {
    "price": Column("price", "number"),
    "kind": Column("kind", "category"),
    "sold": Column("sold", "boolean"),
}
COLUMNS = (
    Column("size", "number", missing=0.5),
    Column("age", "number", minimum=0, maximum=100, missing=0),
    Column("colour", "category", missing=0.5),
    Column("shape", "category", categories=("round", "square", "NA"), missing=0.5),
    Column("new", "boolean", missing=0.5),
    Column("day", "date", missing=0.5),
)
ESTIMATORS = [
    ("price", HistGradientBoostingRegressor(max_iter=5)),
    ("price", HistGradientBoostingRegressor(max_iter=5, loss="poisson")),
    ("kind", HistGradientBoostingClassifier(max_iter=4)),
    ("sold", HistGradientBoostingClassifier(max_iter=5)),
    ("price", RandomForestRegressor(4, random_state=0)),
    ("kind", RandomForestClassifier(4, random_state=0)),
    ("sold", ExtraTreesClassifier(4, random_state=0)),
    ("price", DecisionTreeRegressor(random_state=0)),
    ("price", GradientBoostingRegressor(n_estimators=5, random_state=0)),
    ("kind", GradientBoostingClassifier(n_estimators=4, random_state=0)),
    ("price", LinearRegression()),
    ("price", Ridge()),
    ("kind", LogisticRegression(max_iter=1000)),
    ("sold", LogisticRegression(max_iter=1000)),
    ("price", SGDRegressor(average=True, random_state=0)),
    ("kind", SGDClassifier("log_loss", average=True, random_state=0)),
    ("sold", SGDClassifier("log_loss", random_state=0)),
]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    size, colour = rng.uniform(0, 10, ROWS), rng.choice(["red", "blue", "green"], ROWS)
    index = np.arange(ROWS)
    return pd.DataFrame(
        {
            "size": np.where(index % 5 == 0, np.nan, size),
            "age": rng.integers(0, 100, ROWS).astype(float),
            "colour": pd.Series(colour, dtype=object).mask(index % 7 == 0),
            "shape": rng.choice(["round", "square"], ROWS).astype(object),
            "new": np.where(index % 9 == 0, np.nan, rng.choice([0.0, 1.0], ROWS)),
            "day": pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(index, unit="D")).mask(index % 11 == 0),
            "price": np.exp(size / 3 + (colour == "red") + rng.normal(0, 0.1, ROWS)),
            "kind": np.where(size > 6, "large", np.where(size > 3, "middle", "small")),
            "sold": np.where(size > 5, "true", "false"),
        }
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The walker, compiled once, beside the one that this project may have."""
    if build.shutil.which("cc") is None:
        pytest.skip("there is no C compiler here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LIBRARY", tmp_path_factory.mktemp("walker") / "walker.so")
        assert build.build() is None
        return build.LIBRARY


@pytest.fixture
def compiler(library, monkeypatch):
    monkeypatch.setattr(build, "LIBRARY", library)


def fitted(table, target, estimator, encoders=None, log_target=False):
    """A model as training/model.py makes it, of any pipeline."""
    inputs = model.features(table, COLUMNS)
    encoders = encoders or one_hot()
    pipeline = make_pipeline(encoders, estimator)
    answers = np.log1p(table[target]) if log_target else table[target]
    return model.Model(pipeline.fit(inputs, answers), COLUMNS, TARGETS[target], target != "price", log_target)


def one_hot():
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    names = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("names", names, ["colour", "shape"])], remainder=numbers)


def ordinal():
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer([("names", encoder, ["colour", "shape"])], remainder="passthrough")


def exported(fitted, table, folder):
    """The model in a folder as training leaves it, loaded as the server does."""
    model.save(fitted, folder)
    facts = serving.export(fitted, table, folder)
    artifact.seal(folder, {})
    return facts, handler.restore(folder)


def answers_of(served, table):
    return handler.predict(served, handler.instances_of(COLUMNS, table))


@pytest.fixture(scope="module", params=ESTIMATORS, ids=lambda pair: f"{pair[0]}-{type(pair[1]).__name__}")
def known(request, table):
    """A model of each estimator that a plan can hold, fitted once."""
    return fitted(table, *request.param)


def test_plan_answers_like_the_pipeline(table, tmp_path, known):
    facts, served = exported(known, table, tmp_path)
    assert facts["plan"] == "complete"
    assert facts["parity"]["largest_difference"] <= 1e-9
    assert facts["parity"]["rows"] > ROWS
    assert handler.rung(served)[0] in ("compiled", "numpy")
    assert artifact.same(answers_of(served, table), answers_of(handler.serve(known), table))


def test_plan_of_missing_values_left_to_the_trees(table, tmp_path):
    one = fitted(table, "price", HistGradientBoostingRegressor(max_iter=6), ordinal(), log_target=True)
    facts, served = exported(one, table, tmp_path)
    assert facts["plan"] == "complete"
    assert artifact.same(answers_of(served, table), answers_of(handler.serve(one), table))


def test_categories_that_are_imputed(table, tmp_path):
    fill = SimpleImputer(strategy="constant", fill_value="red")
    encoder = make_pipeline(fill, OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(StandardScaler(), SimpleImputer())
    encoders = ColumnTransformer([("names", encoder, ["colour", "shape"])], remainder=numbers)
    facts, _ = exported(fitted(table, "price", Ridge(), encoders), table, tmp_path)
    assert facts["plan"] == "complete"


UNKNOWN = [
    (KNeighborsRegressor(), one_hot, "encoders", "KNeighborsRegressor"),
    (make_pipeline(PolynomialFeatures(2), Ridge()), one_hot, "encoders", "Pipeline"),
    (Ridge(), lambda: make_pipeline(one_hot(), PolynomialFeatures(2)), "none", "ColumnTransformer"),
]


@pytest.mark.parametrize(("estimator", "encoders", "made", "words"), UNKNOWN)
def test_pipeline_that_no_plan_can_hold_is_served_all_the_same(table, tmp_path, estimator, encoders, made, words):
    one = fitted(table, "price", estimator, encoders())
    facts, served = exported(one, table, tmp_path)
    assert (facts["plan"], words in facts["why"]) == (made, True), facts
    name, why = handler.rung(served)
    assert name == {"encoders": "encoders", "none": "whole"}[made]
    assert words in why
    assert artifact.same(answers_of(served, table), answers_of(handler.serve(one), table))


def test_splits_on_sets_of_categories_are_not_for_a_plan(table):
    one = fitted(table, "price", HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]), ordinal())
    with pytest.raises(Inexpressible, match="sets of categories"):
        export.whole(one.estimator, COLUMNS, log_target=False)


def test_without_a_compiler_numpy_walks_the_plan(table, tmp_path, monkeypatch):
    one = fitted(table, "price", HistGradientBoostingRegressor(max_iter=5))
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "walker.so")
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    assert "no C compiler" in build.build()
    facts, served = exported(one, table, tmp_path)
    assert facts["parity"]["walkers"] == ["numpy"]
    name, why = handler.rung(served)
    assert (name, "walker.so" in why) == ("numpy", True)
    assert artifact.same(answers_of(served, table), answers_of(handler.serve(one), table))


def test_answer_depends_neither_on_the_walker_nor_on_its_company(table, compiler, known):
    one = export.whole(known.estimator, COLUMNS, log_target=False)
    rows = Rows(COLUMNS).read(handler.instances_of(COLUMNS, table))
    together = one.predict(rows)
    assert np.array_equal(together, np.concatenate([one.predict([row]) for row in rows]))
    compiled, raw = walk.CompiledWalker(one.arrays, len(one.meaning.sources)), one._raw(rows)
    assert np.array_equal(compiled.score(raw), one.walker.score(raw))


def test_compiler_gives_the_first_rung(table, tmp_path, compiler):
    facts, served = exported(fitted(table, "kind", HistGradientBoostingClassifier(max_iter=4)), table, tmp_path)
    assert facts["parity"]["walkers"] == ["numpy", "compiled"]
    assert handler.rung(served) == ("compiled", "")


def test_wrong_plan_fails_the_training(table, tmp_path, monkeypatch):
    right = walk.NumpyWalker.score
    monkeypatch.setattr(walk.NumpyWalker, "score", lambda self, raw: right(self, raw) * (1 + 1e-8))
    with pytest.raises(parity.ParityError, match="differs from the pipeline"):
        exported(fitted(table, "price", Ridge()), table, tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("source", lambda array: array + 1000),
        ("roots", lambda array: array + 10**6),
        ("fill", lambda array: array[:-1]),
        ("output", lambda array: array + 5),
        ("nodes", lambda array: array["value"]),
        ("coefficients", lambda array: np.zeros((1, 1))),
    ],
)
def test_plan_whose_indices_lead_outside_is_refused(table, tmp_path, name, change):
    exported(fitted(table, "price", HistGradientBoostingRegressor(max_iter=5)), table, tmp_path)
    with np.load(tmp_path / "plan.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "plan.npz", **arrays | {name: np.ascontiguousarray(change(arrays[name]))})
    with pytest.raises(plan.PlanError, match="train again"):
        plan.load(tmp_path)


def test_tree_that_never_ends_is_refused(table, tmp_path):
    exported(fitted(table, "price", HistGradientBoostingRegressor(max_iter=5)), table, tmp_path)
    with np.load(tmp_path / "plan.npz") as stored:
        arrays = dict(stored)
    arrays["nodes"]["left"][0] = 0
    np.savez(tmp_path / "plan.npz", **arrays)
    with pytest.raises(plan.PlanError, match="left"):
        plan.load(tmp_path)


def test_answer_that_is_not_finite_is_refused_by_its_row(table, tmp_path):
    one = fitted(table, "price", Ridge(), log_target=True)
    _, served = exported(one, table, tmp_path)
    instance = {"age": 5, "size": 1}
    with pytest.raises(Exception, match=r"instances\[1\]: the model has no finite answer"):
        handler.predict(served, [instance, instance | {"size": 1e300 if one else 0}])


def test_serving_facts_are_written_beside_the_model(table, tmp_path):
    facts, _ = exported(fitted(table, "price", Ridge()), table, tmp_path)
    assert json.loads((tmp_path / "serving.json").read_text()) == facts
