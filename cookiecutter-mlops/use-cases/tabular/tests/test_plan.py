"""A plan's file that was changed is refused, and so is an answer that is not finite."""

import numpy as np
import pytest
from plans import exported, fitted
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from inference import handler, plan


def arrays_of_a_plan(folder):
    exported(fitted("price", HistGradientBoostingRegressor(max_iter=5)), folder)
    with np.load(folder / "plan.npz") as stored:
        return dict(stored)


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
def test_plan_whose_indices_lead_outside_is_refused(tmp_path, name, change):
    arrays = arrays_of_a_plan(tmp_path)
    np.savez(tmp_path / "plan.npz", **arrays | {name: np.ascontiguousarray(change(arrays[name]))})
    with pytest.raises(plan.PlanError, match="train again"):
        plan.load(tmp_path)


def test_tree_that_never_ends_is_refused(tmp_path):
    arrays = arrays_of_a_plan(tmp_path)
    arrays["nodes"]["left"][0] = 0
    np.savez(tmp_path / "plan.npz", **arrays)
    with pytest.raises(plan.PlanError, match="left"):
        plan.load(tmp_path)


def test_answer_that_is_not_finite_is_refused_by_its_row(tmp_path):
    one = fitted("price", Ridge(), log_target=True)
    _, served = exported(one, tmp_path)
    instance = {"age": 5, "size": 1}
    with pytest.raises(Exception, match=r"instances\[1\]: the model has no finite answer"):
        handler.predict(served, [instance, instance | {"size": 1e300}])
