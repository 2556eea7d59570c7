"""How people feel, from -1 to 1 for each turn: VADER, a lexicon with rules for negation and emphasis.

Hutto & Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text (2014). English;
for another language put another model behind the same two functions.
"""

import re
from functools import cache
from statistics import fmean

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

NEUTRAL = 0.05  # up to here a score is neither; VADER's own boundary
LONG = 1000  # characters; VADER's time grows with their square, so that more are scored in pieces
PIECE = re.compile(rf"(?:.{{1,{LONG}}}(?!\S))|.{{1,{LONG}}}", re.S)  # between words, where there is a space


def scores(texts: list[str]) -> list[float]:
    """A number for each text: below 0 is displeased, above 0 pleased; of a long one, the average of its pieces."""
    return [round(fmean(map(_score, PIECE.findall(text) or [text])), 4) for text in texts]


def name(score: float) -> str:
    """The word for a score."""
    return "positive" if score >= NEUTRAL else "negative" if score <= -NEUTRAL else "neutral"


def _score(text: str) -> float:
    return _analyzer().polarity_scores(text)["compound"]


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()
