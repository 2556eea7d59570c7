"""One field's ranker: which of the candidates is the value, and how sure that is.

A gradient boosting scores every candidate by itself; the best score wins. How often such a winner is right is learned
from documents that the scores were not fitted on (Platt's calibration, on the winner's score and its lead).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import skops.io
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from training import artifact, membership
from training.candidates import SPANS, Candidate, candidates
from training.document import Document
from training.features import Features, features
from training.known import LIKE, Known
from training.membership import Membership

COMMON = 300  # features that are kept: the most frequent ones
FOLDS = 2  # of the calibration
MOST = 24  # spans of segments that are ranked
SURE = 1e-4  # no probability is nearer to 0 or 1

# What a model file may hold beside the public types of scikit-learn. Never trust what a file itself asks for: a type on
# this list is constructed while the file is read.
TRUSTED = ["numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]

Span = tuple[int, int, int]  # page, first segment, the one after the last


@dataclass(frozen=True)
class Found:
    """The winner among the candidates of a field."""

    candidate: Candidate
    confidence: float


@dataclass
class Ranker:
    """A fitted ranker of one field; `certainty` is None where nothing could be calibrated."""

    kind: str
    known: Known
    members: Membership
    vectorizer: DictVectorizer
    classifier: Any
    certainty: LogisticRegression | None = None

    def find(self, document: Document) -> Found | None:
        """The value of the field, or None where the document has no candidate for it."""
        won = self.best(document)
        return Found(won[0], self._confidence(won[1])) if won else None

    def best(self, document: Document) -> tuple[Candidate, list[float]] | None:
        """The best candidate, and what its certainty is told by: its score, and its lead over the next."""
        shares = self.members.shares(document) if self.kind in SPANS else []
        found, seen = proposed(self.kind, document, self.known, shares)
        if not found:
            return None
        scores = self.classifier.predict_proba(self.vectorizer.transform(seen).toarray())[:, 1]
        winner, clipped = int(scores.argmax()), np.clip(scores, SURE, 1 - SURE)
        next_best = np.partition(clipped, -2)[-2] if len(clipped) > 1 else SURE
        high = float(logit(clipped[winner]))
        return found[winner], [high, high - float(logit(next_best))]

    def _confidence(self, facts: list[float]) -> float:
        if self.certainty is None:
            return float(1 / (1 + np.exp(-facts[0])))
        return float(self.certainty.predict_proba([facts])[0, 1])


def proposed(
    kind: str, document: Document, known: Known, shares: list[np.ndarray], own: str | None = None
) -> tuple[list[Candidate], list[Features]]:
    """The candidates of a field with their features; `own` is the label while a model is fitted."""
    found = candidates(kind, document)
    if kind not in SPANS:  # nobody's amount is known from another document
        return found, features(found, document)
    found, members = _likely(found, shares)
    found, alike = _with_known(found, known.nearest([candidate.value for candidate in found], own))
    seen = features(found, document)
    best = max((cosine for cosine, _ in alike), default=0.0)
    for candidate, entry, (cosine, count) in zip(found, seen, alike, strict=True):
        entry |= {"known": float(candidate.known), "like": cosine, "count": count, "less like": best - cosine}
        entry |= members[candidate.page, candidate.start, candidate.end]
    return found, seen


def _likely(found: list[Candidate], shares: list[np.ndarray]) -> tuple[list[Candidate], dict[Span, Features]]:
    """The spans that look most like the field by their segments; a boosting drowns in all of them."""
    members: dict[Span, Features] = {}
    for candidate in found:
        span = candidate.page, candidate.start, candidate.end
        if span not in members:
            members[span] = membership.of_span(shares[candidate.page], candidate.start, candidate.end)
    best = sorted(members, key=lambda span: -members[span]["members"])[:MOST]
    kept = {span: members[span] | {"place by members": place} for place, span in enumerate(best)}
    return [c for c in found if (c.page, c.start, c.end) in kept], kept


def _with_known(
    found: list[Candidate], nearest: list[tuple[str, float, int]]
) -> tuple[list[Candidate], list[tuple[float, int]]]:
    """The candidates, then each known value where it fits best; with their cosine and count."""
    best: dict[str, int] = {}
    for place, (value, cosine, _) in enumerate(nearest):
        if cosine >= LIKE and cosine > nearest[best.get(value, place)][1] - (value not in best):
            best[value] = place
    put_right = [place for value, place in best.items() if value != found[place].value]
    known = [replace(found[place], value=nearest[place][0], known=True) for place in put_right]
    return [*found, *known], [nearest[place][1:] for place in (*range(len(found)), *put_right)]


def fit(kind: str, documents: list[Document], labels: list[str | None], parameters: dict[str, Any]) -> Ranker:
    """A ranker for documents whose values are known."""
    ranker = _fitted(kind, documents, labels, parameters)
    facts, right = [], []
    if len(documents) >= 10 * FOLDS:
        for learn, judge in KFold(FOLDS, shuffle=True, random_state=0).split(documents):
            part = _fitted(kind, [documents[i] for i in learn], [labels[i] for i in learn], parameters)
            for i in judge:
                if won := part.best(documents[i]):
                    facts.append(won[1])
                    right.append(won[0].value == labels[i])
    if 0 < sum(right) < len(right):
        ranker.certainty = LogisticRegression().fit(np.array(facts), np.array(right))
    return ranker


def _fitted(kind: str, documents: list[Document], labels: list[str | None], parameters: dict[str, Any]) -> Ranker:
    known, members = Known({}), Membership(None)
    shares: list[list[np.ndarray]] = [[]] * len(documents)
    if kind in SPANS:
        known, members = Known.of(labels), membership.fit(documents, labels)
        shares = membership.crossed(documents, labels)
    rows, right = [], []
    for document, label, share in zip(documents, labels, shares, strict=True):
        found, seen = proposed(kind, document, known, share, own=label)
        rows += seen
        right += [candidate.value == label for candidate in found]
    vectorizer = DictVectorizer(dtype=np.float32)
    table = vectorizer.fit_transform(rows)
    common = np.argsort(-np.bincount(table.indices, minlength=table.shape[1]), kind="stable")[:COMMON]
    vectorizer.restrict(common, indices=True)
    classifier = HistGradientBoostingClassifier(random_state=0, early_stopping=False, **parameters)
    return Ranker(kind, known, members, vectorizer, classifier.fit(table[:, common].toarray(), right))


def dump(rankers: dict[str, Ranker]) -> bytes:
    """Rankers by the names of their fields as a skops file, the same bytes for the same rankers."""
    facts = {
        name: {**vars(one), "known": one.known.counts, "members": one.members.pipeline} for name, one in rankers.items()
    }
    return artifact.reproducible(skops.io.dumps(facts))


def load(content: bytes) -> dict[str, Ranker]:
    """The rankers of a skops file; the caller has verified where it comes from."""
    return {
        name: Ranker(**facts | {"known": Known(facts["known"]), "members": Membership(facts["members"])})
        for name, facts in skops.io.loads(content, trusted=TRUSTED).items()
    }
