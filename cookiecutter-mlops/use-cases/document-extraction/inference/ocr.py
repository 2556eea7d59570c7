"""From a picture of a page to words with boxes, behind one interface: `engine()` says who does it.

`MLOPS_OCR=module:name` names another engine, such as one around docTR or a cloud service: a class without arguments
whose `words(image)` returns the upright image and (text, box) pairs in its pixels. The default is Tesseract of the
operating system (`apt-get install tesseract-ocr`), which is started as a program and needs no package.
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
QUARTERS = (0, 180, 90, 270)  # how a scan may lie
READABLE = 60.0  # mean sureness from which a page lies as it should

Words = list[tuple[str, Box]]


class Engine(Protocol):
    def words(self, image: "Image") -> "tuple[Image, Words]": ...


@cache
def engine() -> Engine:
    """The engine of this machine, or a DataError that says how to get one."""
    if named := os.environ.get("MLOPS_OCR"):
        module, _, name = named.partition(":")
        made: Engine = getattr(importlib.import_module(module), name)()
        return made
    program = shutil.which("tesseract")
    if program is None:
        raise DataError("this is a scan without a text layer, and no OCR is installed here (tesseract, or MLOPS_OCR).")
    return Tesseract(program)


class Tesseract:
    """The program `tesseract`; a page that lies on its side is turned until it can be read."""

    def __init__(self, program: str) -> None:
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
