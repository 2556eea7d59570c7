"""Pipelines of scikit-learn on a small made-up table, and the plans that training makes of them."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from inference import handler
from training import artifact, model, serving
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


@cache
def table():
    """Size and colour decide; size, colour, new and day have missing values."""
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


def fitted(target, estimator, encoders=None, log_target=False):
    """A model as training/model.py makes it, of any pipeline."""
    inputs = model.features(table(), COLUMNS)
    encoders = encoders or one_hot()
    pipeline = make_pipeline(encoders, estimator)
    answers = np.log1p(table()[target]) if log_target else table()[target]
    return model.Model(pipeline.fit(inputs, answers), COLUMNS, TARGETS[target], target != "price", log_target)


def one_hot():
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    names = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("names", names, ["colour", "shape"])], remainder=numbers)


def ordinal():
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer([("names", encoder, ["colour", "shape"])], remainder="passthrough")


def exported(one, folder):
    """The model in a folder as training leaves it, loaded as the server does."""
    model.save(one, folder)
    facts = serving.export(one, table(), folder)
    artifact.seal(folder, {})
    return facts, handler.restore(folder)


def answers_of(served):
    """What a model answers to the whole table."""
    return handler.predict(served, handler.instances_of(COLUMNS, table()))
