"""From a picture of a page to words with boxes, behind one interface: `engine(name)` says who does it.

The name is `ocr` under [use_case] in project.toml, or the variable MLOPS_OCR of a machine:

    tesseract      the program of the operating system (`apt-get install tesseract-ocr`); needs no package; the default
    doctr          docTR's networks, on a GPU where there is one: inference/ocr_doctr.py, requirements/doctr.txt
    textract       Amazon Textract, a service; not from an isolated endpoint: inference/ocr_textract.py
    module:name    any other class without arguments that has `words`
"""

import csv
import importlib
import io
import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Protocol

from training.cells import DataError
from training.document import Box

if TYPE_CHECKING:
    from PIL.Image import Image

SECONDS = 120  # that a page may take
LEAST = 20.0  # of 100: words that the engine is less sure of are noise
ENGINES = {
    "tesseract": "inference.ocr:Tesseract",
    "doctr": "inference.ocr_doctr:Doctr",
    "textract": "inference.ocr_textract:Textract",
}
QUARTERS = (0, 180, 90, 270)  # how a scan may lie
READABLE = 60.0  # mean sureness from which a page lies as it should

Words = list[tuple[str, Box]]


class Unreachable(DataError):
    """An engine cannot be asked from here, whatever the page is."""


class Engine(Protocol):
    """What reads the words of a scan."""

    def words(self, image: "Image") -> "tuple[Image, Words]":
        """The page upright, and its words with boxes in its pixels; a DataError where the page cannot be read."""


@cache
def engine(name: str) -> Engine:
    """The engine of a name, or an Unreachable that says how to get it."""
    where = place(os.environ.get("MLOPS_OCR", name))
    module, _, kind = where.partition(":")
    try:
        made: type[Engine] = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise Unreachable(f"ocr: {where} cannot be opened: {error}.") from None
    try:
        return made()
    except DataError as error:
        raise Unreachable(str(error)) from None


def place(name: str) -> str:
    """Where a name's class is, as module:name; a DataError for a name that nobody knows."""
    if name not in ENGINES and ":" not in name:
        raise DataError(f"ocr must be one of {', '.join(ENGINES)}, or module:name of your own, not {name!r}.")
    return ENGINES.get(name, name)


class Tesseract:
    """The program `tesseract`; a page that lies on its side is turned until it can be read."""

    def __init__(self) -> None:
        program = shutil.which("tesseract")
        if program is None:
            raise DataError("this is a scan without a text layer, and no OCR is installed here (tesseract).")
        self.program = program

    def words(self, image: "Image") -> "tuple[Image, Words]":
        best: tuple[float, Image, Words] = (-1.0, image, [])
        for quarter in QUARTERS:
            turned = image.rotate(quarter, expand=True)
            words, sureness = self._seen(turned)
            if sureness > best[0]:
                best = (sureness, turned, words)
            if sureness >= READABLE:
                break
        return best[1:]

    def _seen(self, image: "Image") -> tuple[Words, float]:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        command = [self.program, "stdin", "stdout", "--psm", "4", "tsv"]
        try:
            done = subprocess.run(command, input=buffer.getvalue(), capture_output=True, timeout=SECONDS, check=True)
        except subprocess.TimeoutExpired:
            raise DataError(f"OCR gave up on the page after {SECONDS} seconds.") from None
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise DataError(f"OCR could not read the page: {reason[0][:200]}.") from None
        return parsed(done.stdout.decode(errors="replace"))


def parsed(table: str) -> tuple[Words, float]:
    """The words, and the mean sureness (0 to 100), in Tesseract's TSV."""
    words: Words = []
    sure: list[float] = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text, sureness = (row["text"] or "").strip(), float(row["conf"])
        if text and sureness >= LEAST:
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            words.append((text, (left, top, left + width, top + height)))
            sure.append(sureness)
    return words, sum(sure) / len(sure) if sure else 0.0
