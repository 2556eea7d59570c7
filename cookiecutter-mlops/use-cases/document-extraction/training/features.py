"""What a ranker sees of a candidate: where it stands, what it looks like, and which words are around it."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from training.candidates import Candidate, plain
from training.document import Document, Page, Segment, same_row

_WORD = re.compile(r"[A-Z]+|\d+|[^\sA-Z\d]")
_POSTCODE = re.compile(r"(?<!\d)\d{5}(?!\d)")

Features = dict[str, float]


@dataclass(frozen=True)
class Surroundings:
    """What the candidates of a page share."""

    page: Page
    pages: int
    left: tuple[Segment | None, ...]  # of each segment, what stands before it in its row
    height: float  # of a usual segment

    @classmethod
    def of(cls, page: Page, pages: int) -> "Surroundings":
        heights = [segment.box[3] - segment.box[1] for segment in page.segments]
        left = tuple(_left_of(segment, page.segments) for segment in page.segments)
        return cls(page, pages, left, float(np.median(heights)) or 1.0 if heights else 1.0)


def _left_of(segment: Segment, others: tuple[Segment, ...]) -> Segment | None:
    beside = [other for other in others if other.box[2] <= segment.box[0] + 1 and same_row(other.box, segment.box)]
    return max(beside, key=lambda other: other.box[2], default=None)


def features(found: list[Candidate], document: Document) -> list[Features]:
    """The features of all candidates of a document."""
    around = [Surroundings.of(page, len(document.pages)) for page in document.pages]
    among = _among(found)
    return [
        _place(candidate, around[candidate.page])
        | _shape(candidate.value)
        | _words_of(candidate, around[candidate.page])
        | beside
        for candidate, beside in zip(found, among, strict=True)
    ]


def _place(candidate: Candidate, around: Surroundings) -> Features:
    page, (left, top, right, bottom) = around.page, candidate.box
    tallest = max(segment.box[3] - segment.box[1] for segment in page.segments[candidate.start : candidate.end])
    return {
        "page": candidate.page,
        "pages after": around.pages - candidate.page - 1,
        "segments before": candidate.start,
        "segments after": len(page.segments) - candidate.end,
        "segments": candidate.end - candidate.start,
        "left": left / page.width,
        "top": top / page.height,
        "right": right / page.width,
        "bottom": bottom / page.height,
        "height": tallest / around.height,
    }


def _shape(text: str) -> Features:
    length, letters = max(1, len(text)), sum(map(str.isalpha, text))
    return {
        "length": length,
        "words": len(text.split()),
        "digits": sum(map(str.isdigit, text)) / length,
        "letters": letters / length,
        "capitals": sum(map(str.isupper, text)) / max(1, letters),
        "commas": text.count(","),
        "postcodes": len(_POSTCODE.findall(text)),
        "colon": float(":" in text),
        "brackets": float("(" in text),
    }


def _words_of(candidate: Candidate, around: Surroundings) -> Features:
    """Words of the candidate and beside it, with the place where they stand."""
    segments, start, end = around.page.segments, candidate.start, candidate.end
    own, left = words(candidate.value), around.left[start]
    found = {f"begins {own[0]}", f"ends {own[-1]}"} if own else set()
    if end - start == 1:
        found |= {f"has {word}" for word in own} | {f"in {word}" for word in words(segments[start].text)}
    else:
        found |= {f"first {word}" for word in words(segments[start].text)}
        found |= {f"last {word}" for word in words(segments[end - 1].text)}
    before, after = segments[start - 1] if start else None, segments[end] if end < len(segments) else None
    for place, segment in (("left", left), ("before", before), ("after", after)):
        found |= {f"{place} {word}" for word in words(segment.text)} if segment else {f"{place} nothing"}
    return dict.fromkeys(found, 1.0)


@lru_cache(maxsize=100_000)
def words(text: str) -> tuple[str, ...]:
    """Words, numbers (as so many zeros) and marks of a text."""
    return tuple("0" * min(6, len(word)) if word.isdigit() else word for word in _WORD.findall(text.upper()))


def _among(found: list[Candidate]) -> list[Features]:
    """How a candidate compares with the others of the document: a total is large, and often stands there twice."""
    bare = [plain(candidate.value) for candidate in found]
    counts, sizes = Counter(bare), [money(candidate.value) for candidate in found]
    order = sorted(set(sizes), reverse=True)
    ranks, largest = {size: rank for rank, size in enumerate(order)}, order[0] or 1.0 if order else 1.0
    return [
        {"same": counts[text], "rank": ranks[size], "size": size / largest, "place": place, "others": len(found)}
        for place, (text, size) in enumerate(zip(bare, sizes, strict=True))
    ]


def money(text: str) -> float:
    """The number of an amount, whose last two digits are cents; 0 for what is no amount."""
    digits = re.sub(r"\D", "", text)
    return int(digits) / 100 if digits and len(digits) < 12 else 0.0
