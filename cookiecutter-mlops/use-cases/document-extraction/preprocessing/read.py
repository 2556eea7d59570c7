"""What becomes of one raw file (preprocessing/batch.py says what is asked): a document's words with their boxes.

PDFs are read by their text layer, pages without one and images by OCR (inference/reading.py); a .json is words with
boxes already. The values to be learned are a JSON object of the same name among the labels; without it, `fields` is
empty: such rows are for labelling, and training refuses them.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from inference import reading
from training.cells import DataError
from training.document import Document
from training.model import ocr_of
from training.settings import load_settings

TOGETHER = 100  # a scan takes seconds
ROWS = 2_000  # a document has some ten kilobytes of words
SCHEMA = {"name": pl.String(), "document": pl.String(), "fields": pl.String()}


def read(name: str, source: Path, labels: Path) -> Iterator[pl.DataFrame | DataError]:
    """One row: the document as JSON, and its fields."""
    content, label = (source / name).read_bytes(), labels / Path(name).with_suffix(".json")
    try:
        text = content.decode() if name.lower().endswith(".json") else base64.b64encode(content).decode()
        document = reading.read(text, ocr_of(load_settings()))
        row = {"name": name, "document": _as_json(document), "fields": _fields(label)}
    except UnicodeDecodeError:
        raise DataError(f"{name}: words with boxes must be UTF-8.") from None
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    yield pl.DataFrame([row], schema=SCHEMA)


def _fields(label: Path) -> str | None:
    if not label.is_file():
        return None
    try:
        found = json.loads(label.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DataError('its label must be a JSON object of values, such as {"total": "9.00"}.')
    return json.dumps(found, ensure_ascii=False)


def _as_json(document: Document) -> str:
    pages = [
        {
            "width": page.width,
            "height": page.height,
            "words": [{"text": word.text, "box": list(word.box)} for word in page.words],
        }
        for page in document.pages
    ]
    return json.dumps({"pages": pages}, ensure_ascii=False)
