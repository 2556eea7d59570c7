"""Make files for batch inference from a folder of scans and PDFs: read here, by any OCR; each document once.

    python -m inference.scans scans/ batch/ --day 2026-01-31 --ocr textract

This is for an OCR that endpoints cannot use, as a service of a cloud: they are isolated. `scans/a/7.pdf` becomes
`batch/day=2026-01-31/a/7.pdf.json`, its words with boxes. A document that cannot be read is written with the sentence
that says why, which becomes its answer, and the others go on. What is in batch/ already is not done again.
"""

import argparse
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from inference import ocr, reading
from training.cells import DataError
from training.document import Document
from training.model import ocr_of
from training.settings import UserError, load_settings

KINDS = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make files for batch inference from scans and PDFs.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date(), help="of these documents")
    names = f"{', '.join(ocr.ENGINES)}, or module:name; the one in project.toml if left out"
    parser.add_argument("--ocr", help=names)
    given = parser.parse_args()
    try:
        told = write(given.source, given.target / f"day={given.day}", given.ocr or ocr_of(load_settings()))
    except UserError as error:
        sys.exit(str(error))
    print(f"{told['documents']} new documents, {told['problems']} of them with a problem, are in {given.target}.")


def write(source: Path, target: Path, engine: str) -> dict[str, int]:
    """Write every document of `source` that is not below `target`'s parent; returns how many there were."""
    if not source.is_dir():
        raise UserError(f"{source}: must be a folder of scans and PDFs, such as scans/.")
    done = {"/".join(path.relative_to(target.parent).parts[1:]) for path in target.parent.rglob("*.json")}
    told = {"documents": 0, "problems": 0}
    for path in sorted(path for path in source.rglob("*") if path.suffix.lower() in KINDS):
        name = f"{path.relative_to(source).as_posix()}.json"
        if name in done:
            continue
        document = read(path, engine)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        half = (target / name).with_suffix(".part")  # a run that is interrupted leaves no half of a file
        half.write_text(json.dumps({"instances": [{"document": document}]}))
        half.rename(target / name)
        told["documents"] += 1
        told["problems"] += "problem" in document
    return told


def read(path: Path, engine: str) -> dict[str, Any]:
    """A document as a request has it, or its problem."""
    try:
        return _as_json(reading.of_bytes(path.read_bytes(), engine))
    except ocr.Unreachable:
        raise  # says nothing of the document, which is read by the next run
    except DataError as error:
        return {"problem": str(error)}


def _as_json(document: Document) -> dict[str, Any]:
    pages = [
        {
            "width": page.width,
            "height": page.height,
            "words": [{"text": word.text, "box": [round(edge, 2) for edge in word.box]} for word in page.words],
        }
        for page in document.pages
    ]
    return {"pages": pages}


if __name__ == "__main__":
    main()
