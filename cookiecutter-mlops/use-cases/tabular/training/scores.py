"""Fitted scikit-learn estimators as the arrays of a serving plan: trees, sums of columns, and a link.

ESTIMATORS says by exact type what is understood: a subclass may answer otherwise. Every function is proven by
training/parity.py on every training that uses it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn import ensemble, linear_model, tree

from inference.walk import NODE


class Inexpressible(Exception):
    """Something that a plan cannot say: the text ends the sentence `the plan cannot hold …`."""


@dataclass(frozen=True)
class Scores:
    """How an estimator scores encoded columns; see inference/walk.py."""

    link: str
    base: np.ndarray
    trees: Sequence[np.ndarray] = ()
    output: Sequence[int] = ()
    values: np.ndarray | None = None
    coefficients: np.ndarray | None = None
    single: int = 0


def _hist(model: Any) -> Scores:
    """Histogram gradient boosting: a tree for each round and output, added to a baseline."""
    links = {"IdentityLink": "identity", "LogLink": "exp", "LogitLink": "logistic", "MultinomialLogit": "softmax"}
    link = links.get(type(model._loss.link).__name__)
    if link is None:
        raise Inexpressible(f"a {type(model._loss.link).__name__}")
    trees, output = [], []
    for predictors in model._predictors:
        for number, predictor in enumerate(predictors):
            nodes = predictor.nodes
            if nodes["is_categorical"].any():
                raise Inexpressible("splits on sets of categories (categorical_features)")
            leaf = nodes["is_leaf"] != 0
            trees.append(tree_nodes(leaf, nodes["feature_idx"], nodes["num_threshold"], nodes["value"], nodes["left"],
                                     nodes["right"], nodes["missing_go_to_left"]))  # fmt: skip
            output.append(number)
    return Scores(link, np.ravel(model._baseline_prediction).astype(float), trees, output)


def _forest(model: Any) -> Scores:
    """The mean of trees that compare in single precision."""
    trees = getattr(model, "estimators_", [model])
    if hasattr(model, "classes_"):
        values = [one.tree_.value[:, 0, :] / one.tree_.value[:, 0, :].sum(axis=1, keepdims=True) for one in trees]
        return _with_shares([one.tree_ for one in trees], values)
    arrays = [_sklearn_tree(one.tree_, one.tree_.value[:, 0, 0] / len(trees)) for one in trees]
    return Scores("identity", np.zeros(1), arrays, [0] * len(trees), single=1)


def _with_shares(trees: list[Any], values: list[np.ndarray]) -> Scores:
    """Trees whose leaves hold the share of every class; `left` of a leaf is its row among all of them."""
    arrays, rows, leaves = [], [], 0
    for one, shares in zip(trees, values, strict=True):
        nodes = _sklearn_tree(one, np.zeros(one.node_count))
        leaf = nodes["feature"] < 0
        nodes["left"][leaf] = leaves + np.arange(leaf.sum())
        leaves += int(leaf.sum())
        arrays.append(nodes)
        rows.append(shares[leaf] / len(trees))
    table = np.ascontiguousarray(np.concatenate(rows))
    return Scores("share", np.zeros(table.shape[1]), arrays, [-1] * len(trees), table, single=1)


def _gradient_boosting(model: Any) -> Scores:
    """Classic gradient boosting: `learning_rate` of each tree, added to what `init` says."""
    if model.init is not None:
        raise Inexpressible("gradient boosting that starts from an estimator of one's own")
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
    outputs = model.estimators_.shape[1]
    trees = [
        _sklearn_tree(one.tree_, one.tree_.value[:, 0, 0] * model.learning_rate)
        for row in model.estimators_
        for one in row
    ]
    link = "identity" if not hasattr(model, "classes_") else "logistic" if outputs == 1 else "softmax"
    if getattr(model, "loss", "") == "exponential":
        raise Inexpressible("gradient boosting with exponential loss")
    return Scores(link, np.ravel(start).astype(float), trees, [*range(outputs)] * len(model.estimators_), single=1)


def _linear(model: Any) -> Scores:
    coefficients = np.ascontiguousarray(np.atleast_2d(model.coef_), float)
    base = np.broadcast_to(np.asarray(model.intercept_, float).ravel(), (len(coefficients),)).copy()
    link = "identity" if not hasattr(model, "classes_") else "logistic" if len(coefficients) == 1 else "softmax"
    return Scores(link, base, coefficients=coefficients)


def _descent(model: Any) -> Scores:
    """A line found by stochastic gradient descent; of several classes each is asked against the rest."""
    if hasattr(model, "classes_") and model.loss != "log_loss":
        raise Inexpressible(f"a {type(model).__name__} without probabilities (loss {model.loss})")
    scores = _linear(model)
    return replace(scores, link="shares") if scores.link == "softmax" else scores


def _sklearn_tree(one: Any, value: np.ndarray) -> np.ndarray:
    leaf = one.children_left < 0
    missing = one.missing_go_to_left if hasattr(one, "missing_go_to_left") else np.zeros(one.node_count)
    return tree_nodes(leaf, one.feature, one.threshold, value, one.children_left, one.children_right, missing)


def tree_nodes(
    leaf: np.ndarray, feature: Any, threshold: Any, value: Any, left: Any, right: Any, missing_left: Any
) -> np.ndarray:
    """A tree whose arrays have an entry a node: at most the threshold, or missing and `missing_left`, goes left."""
    nodes = np.zeros(len(leaf), NODE)
    nodes["value"] = np.where(leaf, value, threshold)
    nodes["feature"] = np.where(leaf, -1, feature)
    for name, inner in (("left", left), ("right", right), ("missing_left", missing_left)):
        nodes[name] = np.where(leaf, 0, inner)
    return nodes


ESTIMATORS: dict[type, Callable[[Any], Scores]] = {
    ensemble.HistGradientBoostingRegressor: _hist,
    ensemble.HistGradientBoostingClassifier: _hist,
    ensemble.RandomForestRegressor: _forest,
    ensemble.RandomForestClassifier: _forest,
    ensemble.ExtraTreesRegressor: _forest,
    ensemble.ExtraTreesClassifier: _forest,
    tree.DecisionTreeRegressor: _forest,
    tree.DecisionTreeClassifier: _forest,
    ensemble.GradientBoostingRegressor: _gradient_boosting,
    ensemble.GradientBoostingClassifier: _gradient_boosting,
    linear_model.LinearRegression: _linear,
    linear_model.Ridge: _linear,
    linear_model.Lasso: _linear,
    linear_model.ElasticNet: _linear,
    linear_model.LogisticRegression: _linear,
    linear_model.SGDRegressor: _descent,
    linear_model.SGDClassifier: _descent,
}
