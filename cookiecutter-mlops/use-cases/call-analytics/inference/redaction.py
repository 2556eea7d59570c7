"""Names, numbers, addresses and the like out of what people say, before anybody stores it for analysis.

Two ways together: rules that need no model, and the words that a learned tagger (training/slots.py) calls private.
A rule may take too much, such as a date for a number; what is left out of an analysis is worth less than a leak.
Amounts of money stay: "$1,200" is what a call is about, and nobody's.
"""

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int, str]

ENOUGH = 4  # digits that make a number private
DIGITS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|double|triple"
)
STREETS = (
    "street|str|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|terrace|square|highway|hwy|"
    "parkway|pkwy|circle|trail"
)
CURRENCY = r"dollars?|bucks|usd|euros?|eur|pounds?|gbp|cents?|percent"
NO_NAMES = (
    "the|a|an|my|your|his|her|our|their|on|in|at|of|to|for|with|not|still|also|just|about|because|and|but|or|spelled|"
    "misspelled|wrong|right|correct|missing|required|what|it|that|this|there|here|is|was|going|calling|regarding"
)
WORD = rf"(?!(?:{NO_NAMES})\b)[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*"

EMAIL = re.compile(  # what precedes the @ is bounded: the time grows with the text, not with its square
    r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+|"
    r"\b\w+(?:[ .]dot[ .]\w+){0,4} at \w+ dot (?:com|org|net|edu|gov|es|uk|de|fr)\b",
    re.I,
)
MONEY_OR_NUMBER = re.compile(
    rf"(?P<sign>[$€£]\s?)?\+?\(?\d(?:[\d().,/ –-]*\d)?(?P<unit>\s?(?:[$€£%]|(?:{CURRENCY})\b))?", re.I
)
SPOKEN = re.compile(
    rf"\b(?:{DIGITS})(?:[\s,-]+(?:{DIGITS})\b){{{ENOUGH - 1},}}(?!\s+(?:{CURRENCY}|hundred|thousand)\b)", re.I
)
NAME = re.compile(
    rf"\b(?:(?:my|the|his|her)\s+(?:(?:full|first|last|maiden|wife's|husband's)\s+)*name\s*(?:is|:)|name's|called|"
    rf"(?:mister|mr|mrs|miss|ms|doctor)\b\.?)\s+(?P<name>{WORD}(?:\s+{WORD}){{0,2}})|"
    rf"\b(?:this\s+is|i\s+am|i'm|it's)\s+(?P<caller>{WORD}(?:\s+{WORD})?)\s+(?:calling|speaking|here)\b",
    re.I,
)
ADDRESS = re.compile(
    rf"\b\d{{1,6}}[a-z]?,?\s+(?:[\w'.]+\s+){{0,4}}?(?:{STREETS})\b\.?"
    r"(?:,?\s*(?:apt|apartment|suite|unit|floor|flat)\.?\s*#?\w+)?(?:,?\s+[^\W\d]+){0,3}?(?:,?\s+\d{5}(?:-\d{4})?\b)?|"
    r"\bp\.?\s?o\.?\s+box\s+\w+|\b[A-Z]{2}\s+\d{5}(?:-\d{4})?\b",
    re.I,
)


def redact(text: str, tags: Sequence[str] = (), private: Sequence[str] = ()) -> str:
    """The text with [NAME], [NUMBER], [ADDRESS], [EMAIL] or the private slot's own name for what it was.

    `tags` holds a slot for each word of the text, as training/slots.py finds them.
    """
    parts, end = [], 0
    for first, last, kind in _merged([*_tagged(text, tags, private), *_ruled(text)]):
        parts += [text[end:first], f"[{kind}]"]
        end = last
    return "".join([*parts, text[end:]])


def _tagged(text: str, tags: Sequence[str], private: Sequence[str]) -> Iterator[Span]:
    words = re.finditer(r"\S+", text)
    for word, tag in zip(words, tags, strict=False):
        if tag in private:
            yield word.start(), word.end(), tag.upper()


def _ruled(text: str) -> Iterator[Span]:
    for found in EMAIL.finditer(text):
        yield *found.span(), "EMAIL"
    for found in ADDRESS.finditer(text):
        yield *found.span(), "ADDRESS"
    for found in NAME.finditer(text):
        yield *found.span("name" if found["name"] else "caller"), "NAME"
    for found in MONEY_OR_NUMBER.finditer(text):
        if sum(map(str.isdigit, found[0])) >= ENOUGH and not (found["sign"] or found["unit"]):
            yield *found.span(), "NUMBER"
    for found in SPOKEN.finditer(text):
        yield *found.span(), "NUMBER"


def _merged(spans: list[Span]) -> list[Span]:
    """Spans that overlap, or are of one kind with only blanks between, as one: the earliest says what it is."""
    merged: list[Span] = []
    for first, last, kind in sorted(spans):
        if merged and (first < merged[-1][1] or (first <= merged[-1][1] + 1 and kind == merged[-1][2])):
            start, end, earlier = merged.pop()
            merged.append((start, max(end, last), earlier))
        else:
            merged.append((first, last, kind))
    return merged
