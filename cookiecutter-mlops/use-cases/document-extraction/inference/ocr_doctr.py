"""OCR by docTR: a network finds words, another one reads them (requirements/doctr.txt; torch, so several GB).

Mindee, docTR: Document Text Recognition (2021), https://mindee.github.io/doctr. Its four pre-trained networks (where
words are, what they read, how the page and each word lie) are looked for in the folder DOCTR_CACHE_DIR and downloaded
where they are not there; an isolated endpoint needs them in its image.
"""

import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

from inference.ocr import Words
from training.cells import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST = 0.2  # of 1: words that the network is less sure of are noise


class Doctr:
    """docTR's predictor, which turns a page upright and straight by itself."""

    def __init__(self) -> None:
        try:
            self.predictor: Any = _library().ocr_predictor(
                pretrained=True, assume_straight_pages=False, straighten_pages=True, export_as_straight_boxes=True
            )
        except OSError as error:
            place = os.environ.get("DOCTR_CACHE_DIR", "~/.cache/doctr")
            why = f"docTR's networks are not in {place}, and cannot be downloaded from here ({error})"
            raise DataError(f"{why}: put them into the image (docs/use-case.md, How a document is read).") from None

    def words(self, image: "Image") -> "tuple[Image, Words]":
        import numpy as np
        from PIL import Image

        (page,) = self.predictor([np.asarray(image.convert("RGB"))]).pages
        height, width = page.dimensions
        found = [word for block in page.blocks for line in block.lines for word in line.words]
        words = [(word.value, _box(word.geometry, width, height)) for word in found if word.confidence >= LEAST]
        return Image.fromarray(page.page), words


def _library() -> ModuleType:
    try:
        from doctr import models
    except ModuleNotFoundError:
        raise DataError("OCR by docTR is not installed here: add `-r doctr.txt` to requirements/model.txt.") from None
    except ImportError as error:
        why = f"OCR by docTR lacks a library of the operating system: {error}"
        raise DataError(f"{why} (docs/use-case.md, How a document is read).") from None
    found: ModuleType = models
    return found


def _box(geometry: Any, width: int, height: int) -> tuple[float, float, float, float]:
    """Corners, relative to the page, as pixels: two of a straight box, or four."""
    rights, downs = zip(*((float(corner[0]) * width, float(corner[1]) * height) for corner in geometry), strict=True)
    return min(rights), min(downs), max(rights), max(downs)
