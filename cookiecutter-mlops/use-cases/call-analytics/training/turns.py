"""Turns of calls as estimators see them: the words, what the caller said before, and how far the call had come."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from training.cells import JOINT

START = "startofcall"  # what was said before the first turn
PLACES = ["first", "second", "third", "place", "words", "digits"]
LATE = 15  # turns, from which on a call is just late
LONG = 30  # words, from which on a turn is just long


def inputs(calls: pd.Series, texts: pd.Series) -> pd.DataFrame:
    """A row for each turn, in the order in which they were spoken; `calls` says which turns belong together."""
    texts = texts.fillna("").astype(str)
    before, place = texts.groupby(calls, sort=False).shift(1), texts.groupby(calls, sort=False).cumcount()
    table = pd.DataFrame({"text": texts, "previous": before.fillna(START), "turn": place})
    for number, name in enumerate(PLACES[:3]):
        table[name] = (place == number).astype(float)
    table["place"] = place.clip(upper=LATE) / LATE
    table["words"] = texts.str.split().str.len().clip(upper=LONG) / LONG
    table["digits"] = texts.str.contains(r"\d").astype(float)
    return table


def documents(calls: pd.Series, texts: Iterable[str]) -> pd.Series:
    """All that the caller said, by call, in the order in which calls first appear."""
    return pd.Series(list(texts), calls.index).groupby(calls, sort=False).agg("\n".join)


def matrix(labels: pd.Series, classes: list[str]) -> np.ndarray:
    """Labels as zeros and ones: a row for each text such as `pay|close`, a column for each class."""
    places = {name: place for place, name in enumerate(classes)}
    found = np.zeros((len(labels), len(classes)), dtype=np.int8)
    for row, text in enumerate(labels):
        for name in split(text):
            if name in places:
                found[row, places[name]] = 1
    return found


def split(text: str) -> list[str]:
    """The labels that a text joins."""
    return [name for name in str(text).split(JOINT) if name]


def together(calls: pd.Series, labels: Iterable[str]) -> pd.Series:
    """The labels of all turns of each call, sorted and joined."""
    grouped = pd.Series(list(labels), calls.index).groupby(calls, sort=False)
    return grouped.agg(lambda texts: JOINT.join(sorted({name for text in texts for name in split(text)})))
