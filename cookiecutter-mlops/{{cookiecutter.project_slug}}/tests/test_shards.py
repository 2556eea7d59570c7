"""Rows beyond the memory that they may take: read, split and learned from batch by batch, with the same hold-out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training import shards
from training.cells import DataError
from training.checkpoint import NOWHERE
from training.data import load_table, split
from training.shards import Shards

COLOURS = ["red", "blue", ""]


@pytest.fixture
def incremental():
    return pytest.importorskip("training.incremental", reason="this use case learns without scikit-learn")


@pytest.fixture
def houses(tmp_path, monkeypatch):
    """A csv of 1,000 rows in blocks and shards of a part of them each."""
    monkeypatch.setattr("training.blocks.BLOCK", 10_000)
    monkeypatch.setattr(shards, "ROWS", 150)
    path, rng = tmp_path / "houses.csv", np.random.default_rng(0)
    size = rng.choice([20.0, 80.0], 1000) + rng.normal(0, 1, 1000).round(9)
    rows = {"price": 10 * size, "size": size, "colour": rng.choice(COLOURS, 1000), "sold": "no", "day": "2024-01-31"}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def large(settings):
    """The same settings for a machine without any memory for rows."""
    return replace(settings, data=replace(settings.data, memory_gb=1e-6))


def of_classes(settings):
    return replace(settings, problem=replace(settings.problem, type="classification", target="colour"))


def ordered(*tables):
    return pd.concat(tables).sort_values(["price", "size"], ignore_index=True)


@pytest.mark.parametrize("kind", [replace, of_classes], ids=["regression", "classification"])
def test_hold_out_is_that_of_rows_in_memory(houses, settings, kind):
    settings = kind(settings)
    rows, table = load_table(houses, large(settings)), load_table(houses, settings)
    assert (type(rows), len(rows)) == (Shards, len(table))
    (learn, judge), (expected_learn, expected_judge) = split(rows, settings), split(table, settings)
    pd.testing.assert_frame_equal(ordered(judge), ordered(expected_judge))
    pd.testing.assert_frame_equal(ordered(*learn), ordered(expected_learn))
    assert len(learn) == len(expected_learn)


def test_rows_judged_are_few_and_held_out_of_smaller_snapshots_too(houses, settings, monkeypatch):
    expected = split(load_table(houses, settings), settings)[1]
    monkeypatch.setattr(shards, "SAMPLE", 50)
    learn, judge = split(load_table(houses, large(settings)), settings)
    assert 25 < len(judge) < 75
    assert set(judge["price"]) < set(expected["price"])
    assert 25 < len(learn.sample()) < 75
    assert learn.sample().equals(learn.sample())
    assert not set(learn.sample()["price"]) & set(expected["price"])


def test_sample_holds_every_class(houses, settings, monkeypatch):
    monkeypatch.setattr(shards, "SAMPLE", 1)
    learn, judge = split(load_table(houses, large(of_classes(settings))), of_classes(settings))
    assert set(learn.sample()["colour"]) == set(judge["colour"]) == {"red", "blue"}


def test_rules_of_the_whole_hold_for_batches(houses, settings):
    with houses.open("a") as file:
        file.write("1,2,mauve,no,\n")
    with pytest.raises(DataError, match=r"houses\.csv, row 1002: colour must be one of red, blue, not 'mauve'"):
        load_table(houses, large(settings))


def test_log_says_how_rows_are_learned_from(houses, settings):
    assert "in memory" in shards.told(load_table(houses, settings), settings)
    assert "1,000 rows to learn from × 5 columns: with the hold-out more than fits" in shards.told(
        load_table(houses, large(settings)), large(settings)
    )


def test_clusters_are_found_in_batches(incremental, houses, settings, monkeypatch):
    from sklearn import cluster, pipeline, preprocessing

    monkeypatch.setattr(incremental, "ENOUGH", 4000)
    learn, _ = split(load_table(houses, large(settings)), settings)
    kmeans = cluster.MiniBatchKMeans(2, random_state=0, n_init=1)
    steps = pipeline.Pipeline([("scale", preprocessing.StandardScaler()), ("kmeans", kmeans)])
    fitted = incremental.fit_in_batches(steps, learn, lambda rows: rows[["size"]], None, NOWHERE)
    centers = fitted[0].inverse_transform(fitted[-1].cluster_centers_)
    assert sorted(centers.ravel()) == pytest.approx([20, 80], abs=1)


def test_fit_on_a_mapped_matrix_is_that_on_the_table(incremental, houses, settings):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learn, _ = split(load_table(houses, large(settings)), settings)

    def inputs(rows):
        return rows[["size"]].fillna(0)

    def answers(rows):
        return rows["price"].fillna(0)

    mapped = incremental.fit_mapped(make_pipeline(StandardScaler(), Ridge()), learn, inputs, answers)
    rows = pd.concat(learn)
    known = Ridge().fit(mapped[0].transform(inputs(rows)), answers(rows))
    assert mapped[-1].coef_ == pytest.approx(known.coef_)
