"""Values that were seen before: the same supplier comes again, and its name is then known letter by letter.

A place that reads almost like a known value is found by the cosine of their letter trigrams.
"""

from collections import Counter
from collections.abc import Sequence

from sklearn.feature_extraction.text import HashingVectorizer

from training.candidates import plain

LIKE = 0.55  # from here on a known value may be what stands there
_TRIGRAMS = HashingVectorizer(analyzer="char", ngram_range=(3, 3), norm="l2", lowercase=False, n_features=2**16)


class Known:
    """How often each value of a field occurred."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self.values = sorted(counts)
        self._vectors = _TRIGRAMS.transform([plain(value) for value in self.values]) if counts else None

    @classmethod
    def of(cls, values: Sequence[str | None]) -> "Known":
        return cls(dict(Counter(value for value in values if value)))

    def nearest(self, texts: Sequence[str], own: str | None = None) -> list[tuple[str, float, int]]:
        """For each text the most similar value, its cosine and its count; `own` is counted once less.

        While a model is fitted, `own` is the label of the document itself: it may not be known from there.
        """
        if self._vectors is None or not texts:
            return [("", 0.0, 0)] * len(texts)
        alike = (_TRIGRAMS.transform([plain(text) for text in texts]) @ self._vectors.T).toarray()
        if own in self.counts and self.counts[own] == 1:
            alike[:, self.values.index(own)] = 0
        best = alike.argmax(axis=1)
        found = []
        for row, column in enumerate(best):
            value = self.values[column]
            count = self.counts[value] - (value == own)
            found.append((value, float(alike[row, column]) if count else 0.0, count))
        return found
