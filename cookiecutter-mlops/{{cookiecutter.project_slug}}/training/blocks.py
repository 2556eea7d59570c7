"""Text files in blocks of whole rows: bounded memory, whatever the size of the file, and no row in two blocks."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.cells import DataError

BLOCK = 2 * 2**20  # bytes that are read at a time
LONGEST = 64 * BLOCK  # of one row: beyond, a quotation mark was opened and never closed
UTF16 = (b"\xff\xfe", b"\xfe\xff")


class RowError(DataError):
    """What is wrong in a row, counted from the first of its batch; who knows where the batch begins tells the place."""

    def __init__(self, row: int, sentence: str):
        super().__init__(sentence)
        self.row = row


def text_blocks(path: Path, *, quotes: bool) -> Iterator[bytes]:
    """UTF-8 without a byte order mark, cut at ends of lines that are in no quotes, lines ending with a newline."""
    rest = b""
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as raw:
        for block in _utf8(raw):
            rest += block
            end = _end(rest, quotes)
            if end:
                yield rest[:end]
                rest = rest[end:]
            elif len(rest) > LONGEST:
                raise RowError(0, "no end of the row; a quotation mark may be opened here and never closed.")
    if quotes and rest.count(b'"') % 2:
        raise RowError(0, "a quotation mark is opened here or below, and never closed.")
    if rest.strip():
        yield rest


def _utf8(raw: Any) -> Iterator[bytes]:
    start = raw.read(BLOCK)
    wide = start.startswith(UTF16)  # "Unicode text" of Excel
    if wide or (b"\r" in start and b"\n" not in start):
        raw.seek(0)
        text = io.TextIOWrapper(raw, "utf-16" if wide else "utf-8-sig", newline=None)
        yield from (part.encode() for part in iter(lambda: text.read(BLOCK), ""))
    else:
        yield start.removeprefix(b"\xef\xbb\xbf")
        yield from iter(lambda: raw.read(BLOCK), b"")


def _end(text: bytes, quotes: bool) -> int:
    """Where the last whole row ends: an even number of quotation marks is before it."""
    end = text.rfind(b"\n") + 1
    odd = quotes and text.count(b'"', 0, end) % 2
    while end and odd:
        before = text.rfind(b"\n", 0, end - 1) + 1
        odd = (odd + text.count(b'"', before, end)) % 2
        end = before
    return end
