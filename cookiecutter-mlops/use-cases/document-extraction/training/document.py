"""A document as words with boxes: what every way of reading one (text layer, OCR, JSON) comes to.

{"pages": [{"width": 463, "height": 897, "words": [{"text": "TOTAL", "box": [245, 639, 293, 658]}, …]}, …]}

Boxes are left, top, right, bottom, in any unit that the page's width and height share; the origin is the upper left
corner. A word may be a whole line, as some OCR gives it. Standard library only.
"""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from training.cells import DataError

MOST_PAGES = 500
MOST_WORDS = 20_000  # on a page
WORD = '{"text": "TOTAL", "box": [245, 639, 293, 658]}'
GAP = 0.8  # of the height of a line: words that are closer belong together
ROW = 0.5  # of the height of the lower one: from here two words stand in one row

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Word:
    """A word and where it stands."""

    text: str
    box: Box


@dataclass(frozen=True)
class Segment:
    """Words that stand beside each other without a gap: a line, or a cell of a table."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def box(self) -> Box:
        return around([word.box for word in self.words])

    def part(self, start: int, end: int) -> Box:
        """Where the characters from start to end of the text stand: the box of their words."""
        boxes, place = [], 0
        for word in self.words:
            if place < end and place + len(word.text) > start:
                boxes.append(word.box)
            place += len(word.text) + 1
        return around(boxes)


@dataclass(frozen=True)
class Page:
    """The words of a page; boxes are in its own unit, from its upper left."""

    width: float
    height: float
    words: tuple[Word, ...]

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The words in the order in which they came, joined where no gap is between them."""
        found: list[list[Word]] = []
        for word in self.words:
            if found and _continues(found[-1][-1].box, word.box):
                found[-1].append(word)
            else:
                found.append([word])
        return tuple(Segment(tuple(words)) for words in found)


@dataclass(frozen=True)
class Document:
    """The pages of a PDF, a scan, or JSON."""

    pages: tuple[Page, ...]

    @property
    def text(self) -> str:
        return "\n".join(segment.text for page in self.pages for segment in page.segments)


def around(boxes: list[Box]) -> Box:
    """The smallest box that holds all of them."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def same_row(one: Box, other: Box) -> bool:
    """Whether two boxes overlap in height by more than `ROW` of the lower one."""
    common = min(one[3], other[3]) - max(one[1], other[1])
    return common > ROW * min(one[3] - one[1], other[3] - other[1])


def _continues(left: Box, right: Box) -> bool:
    height = min(left[3] - left[1], right[3] - right[1])
    return same_row(left, right) and -height < right[0] - left[2] < GAP * height


def parse(found: Any) -> Document:
    """A document from what JSON gives, or its text; a DataError says which page or word breaks which rule."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise DataError(f"the document is no JSON: {error}.") from None
    if isinstance(found, dict) and isinstance(found.get("problem"), str):
        raise DataError(found["problem"][:500])  # of who tried to read it before
    pages = found.get("pages") if isinstance(found, dict) else None
    if not isinstance(pages, list) or not pages:
        raise DataError(f'a document must be an object such as {{"pages": [{{"words": [{WORD}]}}]}}.')
    if len(pages) > MOST_PAGES:
        raise DataError(f"the document has {len(pages)} pages, at most {MOST_PAGES} are read; split it.")
    return Document(tuple(_page(page, f"pages[{number}]") for number, page in enumerate(pages)))


def _page(found: Any, place: str) -> Page:
    words = found.get("words") if isinstance(found, dict) else None
    if not isinstance(words, list) or len(words) > MOST_WORDS:
        raise DataError(f"{place}: words must be a list of at most {MOST_WORDS} words such as {WORD}.")
    made = [_word(word, f"{place}.words[{number}]") for number, word in enumerate(words)]
    made = [word for word in made if word.text]
    right, bottom = around([word.box for word in made])[2:] if made else (1.0, 1.0)
    width, height = (_size(found.get(name), f"{place}: {name}") for name in ("width", "height"))
    return Page(max(width, right), max(height, bottom), tuple(made))


def _word(found: Any, place: str) -> Word:
    text, box = (found.get("text"), found.get("box")) if isinstance(found, dict) else (None, None)
    if isinstance(text, str) and isinstance(box, list) and len(box) == 4 and all(_is_number(value) for value in box):
        left, top, right, bottom = (float(value) for value in box)
        if left <= right and top <= bottom:
            return Word(" ".join(text.split()), (left, top, right, bottom))
    raise DataError(f"{place}: a word must be like {WORD}, left ≤ right and top ≤ bottom, not {str(found)[:80]}.")


def _size(value: Any, place: str) -> float:
    if value is not None and not (_is_number(value) and value > 0):
        raise DataError(f"{place} must be a number above 0, or left out, not {value!r}.")
    return float(value or 1.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
