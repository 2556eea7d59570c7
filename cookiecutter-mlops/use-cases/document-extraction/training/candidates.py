"""Candidates: every place of a document that could be the value of a field, by the kind of the field.

    date      what looks like a date in a segment              "25/12/2018", "28 MAR 2018"
    amount    what looks like an amount of money               "9.00", "RM 1,250.50"
    line      one to three neighbouring segments               the name of a company
    block     one to eight neighbouring segments               an address

Segments are joined by a space. Values that other documents had (a supplier comes again) are candidates, too, where a
place reads almost like them: a misread letter is then put right.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.document import Box, Document, Page, Segment, around

KINDS = ("date", "amount", "line", "block")
HEAD_PAGES, HEAD = 3, 24  # lines and blocks begin among the first segments of the first pages
LONGEST = {"line": 3, "block": 8}  # segments
SPANS = tuple(LONGEST)  # the kinds that are whole segments

_MONTH = r"(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})(?!\d)",
        r"(?<!\d)\d{4}([/.-])\d{1,2}\1\d{1,2}(?!\d)",
        rf"(?<!\d)\d{{1,2}}(?:ST|ND|RD|TH)?[ /.-]?{_MONTH}[ /.,'-]{{0,2}}(?:\d{{4}}|\d{{2}})(?!\d)",
        rf"\b{_MONTH} \d{{1,2}}, ?\d{{4}}(?!\d)",
        r"(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
    )
]
_AMOUNT = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:[,.]\d{3})+|\d+)[.,]\d{2}(?!\d|[.,]\d)")
_CURRENCY = re.compile(r"(?:\b[A-Z]{2,3}|[$€£¥])\s?$", re.IGNORECASE)
_NUMBER_IN_BRACKETS = re.compile(r"\s*\([^()]*\d[^()]*\)?\.?$")


@dataclass(frozen=True)
class Candidate:
    """A value, and the segments [start, end) of a page in which it stands."""

    value: str
    page: int
    start: int
    end: int
    box: Box
    known: bool = False  # put right by a value of another document


def candidates(kind: str, document: Document) -> list[Candidate]:
    """Every candidate of a kind, in the order of reading."""
    find = {"date": _dates, "amount": _amounts, "line": _spans, "block": _spans}[kind]
    return [found for number, page in enumerate(document.pages) for found in find(kind, number, page)]


def _dates(kind: str, number: int, page: Page) -> Iterator[Candidate]:
    for place, segment in enumerate(page.segments):
        for pattern in _DATES:
            for match in pattern.finditer(segment.text):
                yield _inside(segment, number, place, match.start(), match.end())


def _amounts(kind: str, number: int, page: Page) -> Iterator[Candidate]:
    """Each amount, and the same with the currency before it: documents differ in what they count as the value."""
    for place, segment in enumerate(page.segments):
        for match in _AMOUNT.finditer(segment.text):
            yield _inside(segment, number, place, match.start(), match.end())
            if currency := _CURRENCY.search(segment.text[: match.start()]):
                yield _inside(segment, number, place, currency.start(), match.end())


def _spans(kind: str, number: int, page: Page) -> Iterator[Candidate]:
    segments = page.segments if number < HEAD_PAGES else ()
    for start in range(min(HEAD, len(segments))):
        for end in range(start + 1, min(start + LONGEST[kind], len(segments)) + 1):
            chosen = segments[start:end]
            text, box = " ".join(segment.text for segment in chosen), around([segment.box for segment in chosen])
            yield Candidate(text, number, start, end, box)
            shorter = _NUMBER_IN_BRACKETS.sub("", text)
            if kind == "line" and shorter not in ("", text):
                yield Candidate(shorter, number, start, end, box)


def _inside(segment: Segment, page: int, place: int, start: int, end: int) -> Candidate:
    return Candidate(segment.text[start:end], page, place, place + 1, segment.part(start, end))


def plain(text: str) -> str:
    """What is left of a text for comparing: letters and digits."""
    return re.sub(r"[\W_]+", "", text).upper()
