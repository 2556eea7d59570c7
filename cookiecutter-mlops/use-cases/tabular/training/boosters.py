"""Fitted LightGBM and XGBoost models as the arrays of a serving plan, from their own JSON; neither is imported here.

BOOSTERS says by the name of the type what is understood; training/parity.py proves it on every training.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from training.scores import Inexpressible, Scores, tree_nodes

PLAIN = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")  # objectives of LightGBM without a link
POWERS = ("poisson", "gamma", "tweedie")  # whose answer is the exponential of a sum
SAME = ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")


def lightgbm(model: Any) -> Scores:
    """Double precision throughout; the first trees hold the mean that boosting starts from."""
    dumped = model.booster_.dump_model()
    if dumped["average_output"] or model.get_params().get("linear_tree"):
        raise Inexpressible("LightGBM's random forests and linear leaves")
    outputs = dumped["num_tree_per_iteration"]
    trees = [_lightgbm_tree(one["tree_structure"]) for one in dumped["tree_info"]]
    return Scores(_lightgbm_link(dumped["objective"]), np.zeros(outputs), trees, _in_turn(len(trees), outputs))


def _lightgbm_link(objective: str) -> str:
    name, *options = objective.split(" ")
    if name == "multiclass":
        return "softmax"
    if objective == "binary sigmoid:1":
        return "logistic"
    if options or name not in PLAIN + POWERS:
        raise Inexpressible(f"LightGBM's objective {objective}")
    return "exp" if name in POWERS else "identity"


def _lightgbm_tree(root: dict[str, Any]) -> np.ndarray:
    nodes = list(_nested(root))
    places = {id(node): place for place, node in enumerate(nodes)}

    def column(name: str) -> np.ndarray:
        return np.array([node.get(name, 0) for node in nodes])

    def child(name: str) -> np.ndarray:
        return np.array([places[id(node[name])] if name in node else 0 for node in nodes])

    leaf, missing = (np.array([test(node) for node in nodes]) for test in (_is_leaf, _goes_left))
    left, right = child("left_child"), child("right_child")
    return tree_nodes(leaf, column("split_feature"), column("threshold"), column("leaf_value"), left, right, missing)


def _is_leaf(node: dict[str, Any]) -> bool:
    return "leaf_value" in node


def _nested(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node before those below it."""
    yield node
    for side in ("left_child", "right_child"):
        if side in node:
            yield from _nested(node[side])


def _goes_left(node: dict[str, Any]) -> bool:
    """Where a missing value goes: by the split, or as a zero where training saw none missing."""
    if _is_leaf(node):
        return False
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise Inexpressible("LightGBM's splits on sets of categories, and zeros that count as missing")
    return node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0


def xgboost(model: Any) -> Scores:
    """Single precision throughout: columns, thresholds, and every sum on the way."""
    booster = model.get_booster()
    learner = json.loads(booster.save_raw("json"))["learner"]
    boosted, objective = learner["gradient_booster"], learner["objective"]["name"]
    trees = boosted.get("model", {}).get("trees", [])
    if boosted["name"] != "gbtree" or any(any(one["split_type"]) for one in trees):
        raise Inexpressible("XGBoost's linear models, dropped trees (dart) and splits on sets of categories")
    nodes = [_xgboost_tree(one) for one in trees]
    return Scores(_xgboost_link(objective), _start(booster), nodes, boosted["model"]["tree_info"], single=2)


def _xgboost_link(objective: str) -> str:
    links = {"binary:logistic": "logistic", "multi:softprob": "softmax", "multi:softmax": "softmax"}
    link = links.get(objective, "identity" if objective in SAME else None)
    if link is None:
        raise Inexpressible(f"XGBoost's objective {objective}")
    return link


def _xgboost_tree(one: dict[str, Any]) -> np.ndarray:
    left, right = (np.array(one[side], np.int32) for side in ("left_children", "right_children"))
    number = np.array(one["split_conditions"], np.float32)
    # A value goes left when it is below the threshold: at most the largest single-precision number below it.
    below = np.nextafter(number, np.float32(-np.inf))
    return tree_nodes(left < 0, one["split_indices"], below, number, left, right, one["default_left"])


def _start(booster: Any) -> np.ndarray:
    """What boosting starts from, exactly: the answer of the same trees with nothing in their leaves."""
    document = json.loads(booster.save_raw("json"))
    for one in document["learner"]["gradient_booster"]["model"]["trees"]:
        leaves = zip(one["left_children"], one["split_conditions"], strict=True)
        one["split_conditions"] = [0.0 if left < 0 else number for left, number in leaves]
    empty = type(booster)(model_file=bytearray(json.dumps(document), "utf-8"))
    return np.ravel(empty.inplace_predict(np.zeros((1, booster.num_features())), predict_type="margin")).astype(float)


def _in_turn(trees: int, outputs: int) -> list[int]:
    return [number % outputs for number in range(trees)]


BOOSTERS: dict[str, Callable[[Any], Scores]] = {
    "training.frameworks.lightgbm.Regressor": lightgbm,
    "training.frameworks.lightgbm.Classifier": lightgbm,
    "training.frameworks.xgboost.Regressor": xgboost,
    "training.frameworks.xgboost.Classifier": xgboost,
}
