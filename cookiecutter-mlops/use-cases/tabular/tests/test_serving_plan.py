"""Plans of every estimator that is known answer like the pipeline, and what no plan can hold is served all the same."""

import json

import numpy as np
import pytest
from plans import COLUMNS, ROWS, answers_of, exported, fitted, one_hot, ordinal, table
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
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from inference import build, handler, walk
from inference.rows import Rows
from training import artifact, export, parity
from training.scores import Inexpressible

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


@pytest.fixture(scope="module", params=ESTIMATORS, ids=lambda pair: f"{pair[0]}-{type(pair[1]).__name__}")
def known(request):
    """A model of each estimator that a plan can hold, fitted once."""
    return fitted(*request.param)


def test_plan_answers_like_the_pipeline(tmp_path, known):
    facts, served = exported(known, tmp_path)
    assert facts["plan"] == "complete"
    assert facts["parity"]["largest_difference"] <= 1e-9
    assert facts["parity"]["rows"] > ROWS
    assert handler.rung(served)[0] in ("compiled", "numpy")
    assert artifact.same(answers_of(served), answers_of(handler.serve(known)))


def test_plan_of_missing_values_left_to_the_trees(tmp_path):
    one = fitted("price", HistGradientBoostingRegressor(max_iter=6), ordinal(), log_target=True)
    facts, served = exported(one, tmp_path)
    assert facts["plan"] == "complete"
    assert artifact.same(answers_of(served), answers_of(handler.serve(one)))


def test_categories_that_are_imputed(tmp_path):
    fill = SimpleImputer(strategy="constant", fill_value="red")
    encoder = make_pipeline(fill, OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(StandardScaler(), SimpleImputer())
    encoders = ColumnTransformer([("names", encoder, ["colour", "shape"])], remainder=numbers)
    facts, _ = exported(fitted("price", Ridge(), encoders), tmp_path)
    assert facts["plan"] == "complete"


UNKNOWN = [
    (KNeighborsRegressor(), one_hot, "encoders", "KNeighborsRegressor"),
    (make_pipeline(PolynomialFeatures(2), Ridge()), one_hot, "encoders", "Pipeline"),
    (Ridge(), lambda: make_pipeline(one_hot(), PolynomialFeatures(2)), "none", "ColumnTransformer"),
]


@pytest.mark.parametrize(("estimator", "encoders", "made", "words"), UNKNOWN)
def test_pipeline_that_no_plan_can_hold_is_served_all_the_same(tmp_path, estimator, encoders, made, words):
    one = fitted("price", estimator, encoders())
    facts, served = exported(one, tmp_path)
    assert (facts["plan"], words in facts["why"]) == (made, True), facts
    name, why = handler.rung(served)
    assert name == {"encoders": "encoders", "none": "whole"}[made]
    assert words in why
    assert artifact.same(answers_of(served), answers_of(handler.serve(one)))


def test_splits_on_sets_of_categories_are_not_for_a_plan():
    one = fitted("price", HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]), ordinal())
    with pytest.raises(Inexpressible, match="sets of categories"):
        export.whole(one.estimator, COLUMNS, log_target=False)


def test_without_a_compiler_numpy_walks_the_plan(tmp_path, monkeypatch):
    one = fitted("price", HistGradientBoostingRegressor(max_iter=5))
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "walker.so")
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    assert "no C compiler" in build.build()
    facts, served = exported(one, tmp_path)
    assert facts["parity"]["walkers"] == ["numpy"]
    name, why = handler.rung(served)
    assert (name, "walker.so" in why) == ("numpy", True)
    assert artifact.same(answers_of(served), answers_of(handler.serve(one)))


def test_answer_depends_neither_on_the_walker_nor_on_its_company(compiler, known):
    one = export.whole(known.estimator, COLUMNS, log_target=False)
    rows = Rows(COLUMNS).read(handler.instances_of(COLUMNS, table()))
    together = one.predict(rows)
    assert np.array_equal(together, np.concatenate([one.predict([row]) for row in rows]))
    compiled, raw = walk.CompiledWalker(one.arrays, len(one.meaning.sources)), one._raw(rows)
    assert np.array_equal(compiled.score(raw), one.walker.score(raw))


def test_compiler_gives_the_first_rung(tmp_path, compiler):
    facts, served = exported(fitted("kind", HistGradientBoostingClassifier(max_iter=4)), tmp_path)
    assert facts["parity"]["walkers"] == ["numpy", "compiled"]
    assert handler.rung(served) == ("compiled", "")


def test_wrong_plan_fails_the_training(tmp_path, monkeypatch):
    right = walk.NumpyWalker.score
    monkeypatch.setattr(walk.NumpyWalker, "score", lambda self, raw: right(self, raw) * (1 + 1e-8))
    with pytest.raises(parity.ParityError, match="differs from the pipeline"):
        exported(fitted("price", Ridge()), tmp_path)


def test_serving_facts_are_written_beside_the_model(tmp_path):
    facts, _ = exported(fitted("price", Ridge()), tmp_path)
    assert json.loads((tmp_path / "serving.json").read_text()) == facts
