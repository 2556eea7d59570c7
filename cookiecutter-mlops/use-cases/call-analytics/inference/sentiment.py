"""How people feel, from -1 to 1 for each turn: VADER, a lexicon with rules for negation and emphasis.

Hutto & Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text (2014). English;
for another language put another model behind the same two functions.
"""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

NEUTRAL = 0.05  # up to here a score is neither; VADER's own boundary


def scores(texts: list[str]) -> list[float]:
    """A number for each text: below 0 is displeased, above 0 pleased."""
    return [_analyzer().polarity_scores(text)["compound"] for text in texts]


def name(score: float) -> str:
    """The word for a score."""
    return "positive" if score >= NEUTRAL else "negative" if score <= -NEUTRAL else "neutral"


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()
