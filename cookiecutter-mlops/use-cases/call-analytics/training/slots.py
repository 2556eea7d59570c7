"""Which words of a turn are a name, an address, an amount, …: learned word by word from the column `slots`."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

import numpy as np
import pandas as pd
from sklearn.feature_extraction import FeatureHasher
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

OUTSIDE = "O"
HASHES = 2**16
WINDOW = (-3, -2, -1, 1, 2, 3)
FEW = 5  # from here on a place or a count is just large
CAUTION = 1.0  # by how much less a word must look like none of them, to be redacted
AT_ONCE = 10_000  # words whose features are in memory together: about 40 MB
BEFORE = 15  # words of the turn before that are looked at

Turn = tuple[str, str, int]  # what is said, what was said before, and which turn it is


def fit(turns: pd.DataFrame, slots: pd.Series, seed: int) -> Pipeline | None:
    """A tagger; turns without as many slots as words teach nothing. None where no slot is marked at all."""
    marked = [(turn, str(tags).split()) for turn, tags in zip(_turns(turns), slots, strict=True) if tags == tags]
    marked = [(turn, tags) for turn, tags in marked if len(tags) == len(turn[0].split())]
    known = [tag for _, tags in marked for tag in tags]
    if len(set(known)) < 2:
        return None
    tagger = make_pipeline(FeatureHasher(HASHES, input_type="string"), LinearSVC(C=0.1, random_state=seed))
    return tagger.fit([word for turn, _ in marked for word in features(*turn)], known)


def tags(tagger: Pipeline | None, turns: pd.DataFrame) -> tuple[list[list[str]], list[list[str]]]:
    """A slot for each word of each turn: as it most likely is, and for redaction, which would rather take too much."""
    rows = list(_turns(turns))
    counts = [len(text.split()) for text, *_ in rows]
    if tagger is None or not sum(counts):
        nothing = [[OUTSIDE] * count for count in counts]
        return nothing, nothing
    words = (word for turn in rows for word in features(*turn))
    scores = np.concatenate([tagger.decision_function(some) for some in iter(lambda: list(islice(words, AT_ONCE)), [])])
    scores = np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
    outside = tagger.classes_ == OUTSIDE
    likely, careful = (tagger.classes_[(scores - less * outside).argmax(axis=1)] for less in (0.0, CAUTION))
    ends = np.cumsum(counts)[:-1]
    return [part.tolist() for part in np.split(likely, ends)], [part.tolist() for part in np.split(careful, ends)]


def values(text: str, found: list[str]) -> list[dict[str, str]]:
    """Neighbouring words of one slot are its value."""
    tagged = groupby(zip(found, text.split(), strict=True), key=itemgetter(0))
    return [{"slot": tag, "value": " ".join(word for _, word in words)} for tag, words in tagged if tag != OUTSIDE]


def features(text: str, previous: str, turn: int) -> Iterator[list[str]]:
    """For each word: itself, its shape and ends, its neighbours, and what was said before."""
    words = text.split()
    around = [f"before={word}" for word in previous.lower().split()[:BEFORE]]
    around += [f"words={min(len(words), FEW)}", f"turn={min(turn, FEW)}"]
    for place, word in enumerate(words):
        lower = word.lower()
        own = [f"word={lower}", f"shape={_shape(word)}", f"digits={sum(map(str.isdigit, word))}"]
        own += [f"start={lower[:n]}" for n in range(1, 5)] + [f"end={lower[-n:]}" for n in range(1, 5)]
        yield [*own, *_neighbours(words, place), f"place={min(place, FEW)}", *around]


def _neighbours(words: list[str], place: int) -> Iterable[str]:
    for step in WINDOW:
        if 0 <= place + step < len(words):
            yield f"{step}={words[place + step].lower()}"
            yield f"{step} shape={_shape(words[place + step])}"
        else:
            yield f"{step}="


def _shape(word: str) -> str:
    """Aa0 for Main-like words, 0 for digits: each run of a kind once."""
    kinds = re.sub(r"\d+", "0", re.sub(r"[a-zà-ÿ]+", "a", re.sub(r"[A-ZÀ-Þ]+", "A", word)))
    return kinds[:20]


def _turns(turns: pd.DataFrame) -> Iterator[Turn]:
    return zip(turns["text"], turns["previous"], turns["turn"], strict=True)
