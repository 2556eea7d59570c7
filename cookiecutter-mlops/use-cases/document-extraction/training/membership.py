"""How likely each segment is a part of a field's value: what tells where an address begins and where it ends.

A logistic regression on the words of a segment, of its neighbours, and on its place. Also labels that no candidate
meets letter by letter teach it which lines an address is made of.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from training.candidates import HEAD, HEAD_PAGES, LONGEST, plain
from training.document import Document, Page
from training.features import Features, words

FOLDS = 3
SHORTEST = 3  # letters and digits of a segment that can be found in a label


@dataclass
class Membership:
    """A fitted model, or None where there was nothing to learn."""

    pipeline: Pipeline | None

    def shares(self, document: Document) -> list[np.ndarray]:
        """One number for each segment at the head of a page."""
        return [self._of(_rows(page)) for page in document.pages[:HEAD_PAGES]]

    def _of(self, rows: list[Features]) -> np.ndarray:
        if self.pipeline is None or not rows:
            return np.full(len(rows), 0.5)
        return self.pipeline.predict_proba(rows)[:, 1]


def fit(documents: list[Document], labels: list[str | None]) -> Membership:
    """Learn which segments at the head of a document belong to a field, from what people wrote."""
    rows, inside = [], []
    for document, label in zip(documents, labels, strict=True):
        for page in document.pages[:HEAD_PAGES]:
            rows += _rows(page)
            inside += _inside(page, plain(label or ""))
    if not 0 < sum(inside) < len(inside):
        return Membership(None)
    pipeline = Pipeline([("words", DictVectorizer()), ("member", LogisticRegression(C=1.0, max_iter=300))])
    return Membership(pipeline.fit(rows, inside))


def crossed(documents: list[Document], labels: list[str | None]) -> list[list[np.ndarray]]:
    """The shares of each document by a model that has not learned from it."""
    shares: list[list[np.ndarray]] = [[] for _ in documents]
    for learn, judge in KFold(min(FOLDS, len(documents)), shuffle=True, random_state=0).split(documents):
        part = fit([documents[i] for i in learn], [labels[i] for i in learn])
        for i in judge:
            shares[i] = part.shares(documents[i])
    return shares


def of_span(shares: np.ndarray, start: int, end: int) -> Features:
    """How a span [start, end) of segments looks by their shares: full of members, and none beside it."""
    logs, others = np.log(np.clip(shares, 1e-4, 1)), np.log(np.clip(1 - shares, 1e-4, 1))
    chosen = shares[start:end]
    return {
        "members": float(logs[start:end].sum() + others[:start].sum() + others[end:].sum()),
        "least member": float(chosen.min()),
        "mean member": float(chosen.mean()),
        "member before": float(shares[start - 1]) if start else 0.0,
        "member after": float(shares[end]) if end < len(shares) else 0.0,
    }


def _rows(page: Page) -> list[Features]:
    segments = page.segments[: HEAD + LONGEST["block"]]
    rows = []
    for place, segment in enumerate(segments):
        row = {"place": place / HEAD, f"place {min(place, 12)}": 1.0, "top": segment.box[1] / page.height}
        for name, distance in (("own", 0), ("before", -1), ("after", 1), ("before that", -2), ("after that", 2)):
            if 0 <= place + distance < len(segments):
                row |= dict.fromkeys((f"{name} {word}" for word in words(segments[place + distance].text)), 1.0)
            else:
                row[f"{name} nothing"] = 1.0
        rows.append(row)
    return rows


def _inside(page: Page, label: str) -> list[bool]:
    texts = [plain(segment.text) for segment in page.segments[: HEAD + LONGEST["block"]]]
    return [len(text) >= SHORTEST and text in label for text in texts]
