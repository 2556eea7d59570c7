"""Groups of calls that are alike: found by name of a method, judged, named by their words, and drawn as a map.

    kmeans, agglomerative   `count` groups of similar size or of one tree
    dbscan                  as many as the density shows; calls far from all of them belong to none
    neighbours              calls whose intents are known are the groups; new ones go where their neighbours are

Groups are found in up to MOST calls; where there are more, K-Means goes on through all of them, batch by batch
(MiniBatchKMeans). Vectors are TF-IDF of redacted words, reduced by singular value decomposition (latent semantic
analysis).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer

from training.options import Grouping

DIMENSIONS = 50
MOST = 5000  # calls that groups are found in, and that new calls are compared with
COUNTS = range(2, 13)  # numbers of groups that are tried
WORD = r"(?<!\[)\b[^\W\d_]{3,}\b(?!\])"  # neither digits nor what redaction left
TERMS = 3  # words in the name of a group
ROUNDS = 5  # pairs of halves that stability is measured on
NONE = -1  # the group of a call that belongs to none
OTHER = "other"


@dataclass(frozen=True)
class Groups:
    """Calls with their groups, and what a new call is compared with."""

    encoder: Pipeline
    vectors: np.ndarray  # calls × dimensions, of length 1
    members: np.ndarray  # the group of each of these calls, from 0; NONE for none
    names: list[str]
    neighbours: int
    radius: float  # cosine distance beyond which a call belongs to none; 2 is never
    facts: dict[str, Any] = field(default_factory=dict)  # method, silhouette, stability, sizes

    def assign(self, texts: list[str]) -> list[int]:
        """The group of each new call: what most of its nearest calls belong to, the nearest first where they tie."""
        if not texts:
            return []
        finder = NearestNeighbors(n_neighbors=min(self.neighbours, len(self.vectors))).fit(self.vectors)
        vectors = self.encoder.transform(texts)
        distances, places = finder.kneighbors(vectors)
        near = distances**2 / 2 <= self.radius  # of vectors of length 1, the cosine distance
        known = vectors.any(axis=1)  # no word of the others: like nothing
        near &= known[:, np.newaxis]
        return [_vote(self.members[row[close]]) for row, close in zip(places, near, strict=True)]

    def name(self, group: int) -> str:
        """The words for a group."""
        return OTHER if group == NONE else self.names[group]


def find(
    texts: pd.Series, labels: pd.Series, settings: Grouping, seed: int, everything: Iterable[pd.Series] | None = None
) -> Groups:
    """Groups of calls; `texts` are redacted, `labels` are the intents of each call, for the method `neighbours`.

    `everything` are the texts of all calls, in batches, where `texts` are only some of them.
    """
    rng = np.random.default_rng(seed)
    everything = [texts] if everything is None and len(texts) > MOST else everything
    chosen = np.sort(rng.permutation(len(texts))[:MOST])
    texts, labels = texts.iloc[chosen], labels.iloc[chosen]
    encoder = _encoder(texts, seed)
    vectors = encoder.transform(texts)
    radius = (settings.radius or _radius(vectors, settings.minimum)) if settings.method == "dbscan" else 2.0
    facts: dict[str, Any] = {"method": settings.method, "calls": len(texts)}
    if settings.method == "neighbours":
        names = sorted(set(labels))
        members = labels.map({name: place for place, name in enumerate(names)}).to_numpy()
        stable = 1.0  # nothing is drawn by chance
    else:
        count = settings.count or _best_count(vectors, settings, seed)
        members = _fit(vectors, count, radius, settings, seed)
        if settings.method == "kmeans" and everything is not None:
            members, facts["calls"] = _refined(vectors, members, encoder, everything, seed)
        members = _by_size(members)
        names = _names(encoder, texts, members)
        stable = _stability(vectors, count, radius, settings, rng)
    facts |= {"silhouette": _silhouette(vectors, members), "stability": stable}
    facts |= {"sizes": np.bincount(members[members >= 0], minlength=len(names)).tolist()}
    return Groups(encoder, vectors.astype(np.float32), members, names, settings.neighbours, radius, facts)


def _refined(
    vectors: np.ndarray, members: np.ndarray, encoder: Pipeline, everything: Iterable[pd.Series], seed: int
) -> tuple[np.ndarray, int]:
    """The groups of `vectors` after K-Means has gone through all calls in batches, and how many these are."""
    centres = np.stack([vectors[members == group].mean(axis=0) for group in range(members.max() + 1)])
    means = MiniBatchKMeans(len(centres), init=centres, n_init=1, random_state=seed).partial_fit(vectors)
    calls = 0
    for texts in everything:
        means.partial_fit(encoder.transform(texts))
        calls += len(texts)
    return means.predict(vectors), calls


def picture(groups: Groups) -> np.ndarray:
    """Two coordinates for each call, from 0 to 1: the first two principal components of the vectors."""
    centred = groups.vectors - groups.vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    places = centred @ axes[:2].T
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    return (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-9)


def _encoder(texts: pd.Series, seed: int) -> Pipeline:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=0.5, stop_words="english", token_pattern=WORD)
    size = len(words.fit(texts).vocabulary_)
    reduce = TruncatedSVD(min(DIMENSIONS, size - 1, len(texts) - 1), random_state=seed)
    return make_pipeline(words, reduce, Normalizer()).fit(texts)


def _fit(vectors: np.ndarray, count: int, radius: float, settings: Grouping, seed: int) -> np.ndarray:
    count = min(count, _different(vectors))
    methods: dict[str, BaseEstimator] = {
        "kmeans": KMeans(count, n_init=10, random_state=seed),
        "agglomerative": AgglomerativeClustering(count, linkage="ward"),
        "dbscan": DBSCAN(eps=np.sqrt(2 * radius), min_samples=settings.minimum),
    }
    return methods[settings.method].fit_predict(vectors)


def _best_count(vectors: np.ndarray, settings: Grouping, seed: int) -> int:
    """The number of groups with the best silhouette."""
    if settings.method == "dbscan":
        return 0
    counts = [count for count in COUNTS if count <= _different(vectors)]
    values = [_silhouette(vectors, _fit(vectors, count, 0, settings, seed)) or -1 for count in counts]
    return counts[int(np.argmax(values))]


def _different(vectors: np.ndarray) -> int:
    """Calls that say the same words cannot be told apart: there are no more groups than this."""
    return len(np.unique(vectors.round(6), axis=0))


def _radius(vectors: np.ndarray, minimum: int) -> float:
    """Where the sorted distances to the `minimum`-th neighbour bend most (Ester et al., 1996), as a cosine distance."""
    count = min(minimum + 1, len(vectors))
    distances = np.sort(NearestNeighbors(n_neighbors=count).fit(vectors).kneighbors(vectors)[0][:, -1])
    line = np.linspace(distances[0], distances[-1], len(distances))
    return float(max(distances[int(np.argmax(line - distances))] ** 2 / 2, 1e-6))


def _silhouette(vectors: np.ndarray, members: np.ndarray) -> float | None:
    """From -1 to 1, of the calls that belong to a group; None where there are not two groups."""
    known = members >= 0
    groups = len(set(members[known]))
    return float(silhouette_score(vectors[known], members[known])) if 1 < groups < known.sum() else None


def _stability(vectors: np.ndarray, count: int, radius: float, settings: Grouping, rng: np.random.Generator) -> float:
    """How alike the groups of two samples are, on the calls in both: the mean adjusted Rand index, 1 is the same.

    Ben-Hur, Elisseeff & Guyon, A stability based method for discovering structure in clustered data (2002).
    """
    size, found = max(2, int(len(vectors) * 0.8)), []
    drawn = [np.sort(rng.permutation(len(vectors))[:size]) for _ in range(ROUNDS + 1)]
    members = [_fit(vectors[places], count, radius, settings, seed) for seed, places in enumerate(drawn)]
    for (one, mine), (other, theirs) in pairwise(zip(drawn, members, strict=True)):
        _, left, right = np.intersect1d(one, other, return_indices=True)
        found.append(adjusted_rand_score(mine[left], theirs[right]))
    return float(np.mean(found))


def _by_size(members: np.ndarray) -> np.ndarray:
    """The same groups, the largest as number 0: their numbers mean something, and do not depend on chance."""
    names, sizes = np.unique(members[members >= 0], return_counts=True)
    order = {name: place for place, name in enumerate(names[np.argsort(-sizes, kind="stable")])}
    return np.array([order.get(member, NONE) for member in members])


def _names(encoder: Pipeline, texts: pd.Series, members: np.ndarray) -> list[str]:
    """The words that are heavier in a group than elsewhere."""
    weights, terms = encoder[0].transform(texts), encoder[0].get_feature_names_out()
    average = np.asarray(weights.mean(axis=0)).ravel()
    names = []
    for group in range(members.max() + 1):
        gain = np.asarray(weights[members == group].mean(axis=0)).ravel() - average
        names.append(", ".join(terms[np.argsort(-gain, kind="stable")[:TERMS]]))
    return names


def _vote(members: np.ndarray) -> int:
    if not len(members):
        return NONE
    counts = {member: int((members == member).sum()) for member in members.tolist()}
    return max(counts, key=counts.__getitem__)
