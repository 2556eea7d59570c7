"""How near a summary comes to one that a person wrote: ROUGE-1, ROUGE-2 and ROUGE-L (F1 of stems), from 0 to 1.

Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004); computed by the package rouge-score.
"""

from collections.abc import Iterable
from functools import cache, lru_cache

import numpy as np
from rouge_score import rouge_scorer

NAMES = ("rouge1", "rouge2", "rougeL")


@cache
def _scorer() -> rouge_scorer.RougeScorer:
    return rouge_scorer.RougeScorer(NAMES, use_stemmer=True)


@lru_cache(maxsize=100_000)  # monitoring draws the same pairs again and again for its intervals
def _pair(truth: str, answer: str) -> tuple[float, ...]:
    found = _scorer().score(truth, answer)
    return tuple(found[name].fmeasure for name in NAMES)


def each(truths: Iterable[str], answers: Iterable[str | None]) -> dict[str, np.ndarray]:
    """By name the score of every answer; one that is missing gets 0."""
    rows = [_pair(str(truth), str(answer or "")) for truth, answer in zip(truths, answers, strict=True)]
    return dict(zip(NAMES, np.array(rows, dtype=float).reshape(-1, len(NAMES)).T, strict=True))


def words(answers: Iterable[str | None]) -> float:
    """The mean length of answers in words."""
    return float(np.mean([len(str(answer or "").split()) for answer in answers]))
