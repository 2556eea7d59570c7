"""A small made-up table, the settings for each of its targets, and a model of each, whatever project.toml says."""

from functools import cache

import numpy as np
import pandas as pd

from training import model
from training.settings import parse_settings

ROWS = 400
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


@cache
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


@cache
def fitted(target="price"):
    """The model that the table gives of a target."""
    return model.fit(table(), settings_for(target))
