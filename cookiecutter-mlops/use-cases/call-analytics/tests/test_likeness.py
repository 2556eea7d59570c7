"""Groups of calls by each method, judged, named, and found again by new calls."""

import numpy as np
import pandas as pd
import pytest

from training import likeness, picture
from training.options import Grouping

TOPICS = {
    "card": ["lost", "stolen", "card", "wallet", "thief"],
    "money": ["transfer", "send", "euros", "savings", "payment"],
    "house": ["moved", "address", "street", "letters", "flat"],
}


@pytest.fixture(scope="module")
def calls():
    rng = np.random.default_rng(0)
    topics = [list(TOPICS)[number % 3] for number in range(90)]
    return pd.Series([" ".join(rng.choice(TOPICS[topic], 8)) for topic in topics]), pd.Series(topics)


@pytest.mark.parametrize("method", ["kmeans", "agglomerative", "dbscan", "neighbours"])
def test_topics_are_found_named_and_assigned(calls, method):
    texts, topics = calls
    found = likeness.find(texts, topics, Grouping(method, radius=0.5), seed=0)
    assert found.facts["sizes"] == [30, 30, 30]
    assert found.facts["silhouette"] > 0.5
    assert found.facts["stability"] > 0.95
    assert pd.crosstab(topics, found.members).max(axis=1).tolist() == [30, 30, 30]
    new = found.assign(["somebody stolen my wallet", "moved to another street"])
    assert new == [found.members[topics == "card"][0], found.members[topics == "house"][0]]
    assert set(found.name(new[1]).split(", ")) <= {*TOPICS["house"], "house"}


def test_kmeans_goes_through_more_calls_than_it_begins_with(calls, monkeypatch):
    texts, topics = calls
    monkeypatch.setattr(likeness, "MOST", 20)
    batches = (texts.iloc[first : first + 10] for first in range(0, 90, 10))
    found = likeness.find(texts.iloc[:45], topics.iloc[:45], Grouping(count=3), seed=0, everything=batches)
    assert (found.facts["calls"], len(found.vectors), sum(found.facts["sizes"])) == (90, 20, 20)
    groups = pd.crosstab(topics, found.assign(texts.tolist()))
    assert groups.max(axis=1).tolist() == [30, 30, 30]
    assert next(batches, None) is None
    assert likeness.find(texts, topics, Grouping(count=3), seed=0).facts["calls"] == 90  # all in memory, and too many


def test_call_that_is_like_no_other_belongs_to_none(calls):
    found = likeness.find(*calls, Grouping("dbscan", radius=0.5), seed=0)
    assert found.assign(["photosynthesis", ""]) == [likeness.NONE, likeness.NONE]
    assert found.name(likeness.NONE) == "other"
    assert found.assign([]) == []


def test_stability_of_groups_in_noise_is_low():
    rng = np.random.default_rng(0)
    texts = pd.Series([" ".join(rng.choice([f"word{chr(97 + n)}" for n in range(20)], 6)) for _ in range(120)])
    found = likeness.find(texts, texts, Grouping("kmeans", count=6), seed=0)
    assert found.facts["stability"] < 0.6
    assert found.facts["silhouette"] < 0.3


def test_map_has_a_dot_for_each_call_inside_its_frame(calls):
    found = likeness.find(*calls, Grouping(), seed=0)
    places = likeness.picture(found)
    assert places.shape == (90, 2)
    assert (places.min(), places.max()) == (0, 1)
    drawn = picture.draw(places, found.members, ["a <b>", "c", "d"], "other")
    assert drawn.count("<circle") == 90 + 3
    assert "a &lt;b&gt; (30)" in drawn
