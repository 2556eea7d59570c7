"""What a person would write down in an hour: one rule for each kind of field. The model has to be better than this."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from training.candidates import LONGEST, Candidate, candidates
from training.document import Document, Page, around
from training.features import Surroundings, money
from training.ranker import Found

_TOTAL = re.compile(r"\bTOTAL\b|\bAMOUNT DUE\b", re.IGNORECASE)
_OTHER_TOTAL = re.compile(r"SUB|TAX|GST|DISC|ROUND|QTY|ITEM|SAV", re.IGNORECASE)
_END = re.compile(r":|\bTEL|\bFAX|\bGST|\bREG|INVOICE|RECEIPT|BILL", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Rule:
    """The rule of a kind; it is never surer than chance."""

    kind: str

    def find(self, document: Document) -> Found | None:
        winner = _RULES[self.kind](document)
        return Found(winner, 0.5) if winner else None


def _date(document: Document) -> Candidate | None:
    """The first one."""
    return next(iter(candidates("date", document)), None)


def _amount(document: Document) -> Candidate | None:
    """The largest one behind the word "total", or else the largest of all."""
    found = candidates("amount", document)
    around_pages = [Surroundings.of(page, len(document.pages)) for page in document.pages]
    totals = [one for one in found if _is_total(one, around_pages[one.page])]
    return max(totals or found, key=lambda one: (money(one.value), -len(one.value)), default=None)


def _is_total(candidate: Candidate, surroundings: Surroundings) -> bool:
    left = surroundings.left[candidate.start]
    label = f"{left.text if left else ''} {surroundings.page.segments[candidate.start].text}"
    return bool(_TOTAL.search(label)) and not _OTHER_TOTAL.search(label)


def _line(document: Document) -> Candidate | None:
    """The first segment with two words."""
    segments = document.pages[0].segments
    places = (place for place, one in enumerate(segments) if len(_LETTERS.findall(one.text)) > 1)
    place = next(places, None)
    return None if place is None else _span(document.pages[0], place, place + 1)


def _block(document: Document) -> Candidate | None:
    """From the first segment with a number among words to the one before a label."""
    segments = document.pages[0].segments
    for start in range(1, len(segments)):
        text = segments[start].text
        if _DIGIT.search(text) and len(_LETTERS.findall(text)) > 1 and not _END.search(text):
            last = min(start + LONGEST["block"], len(segments))
            end = next((place for place in range(start, last) if _END.search(segments[place].text)), last)
            return _span(document.pages[0], start, end)
    return None


def _span(page: Page, start: int, end: int) -> Candidate:
    chosen = page.segments[start:end]
    return Candidate(" ".join(one.text for one in chosen), 0, start, end, around([one.box for one in chosen]))


_RULES: dict[str, Callable[[Document], Candidate | None]] = {
    "date": _date,
    "amount": _amount,
    "line": _line,
    "block": _block,
}
