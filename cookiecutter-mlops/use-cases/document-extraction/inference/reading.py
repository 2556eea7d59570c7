"""A document from what a request holds: words with boxes as JSON, or a PDF or an image in base64.

PDFs are read by their text layer (pdfium); a page without one is rendered and goes through OCR, as an image does
(inference/ocr.py). What cannot be read becomes one sentence, a DataError: the answer of that document alone.
"""

import base64
import binascii
import io
from typing import TYPE_CHECKING, Any

from inference import ocr
from training import document
from training.cells import DataError
from training.document import MOST_PAGES, Box, Document, Page, Word

if TYPE_CHECKING:
    from PIL.Image import Image

TESSERACT = "tesseract"  # the engine where none is named (inference/ocr.py)
INCH = 72  # in a PDF's unit
DOTS = 200  # of an inch, in what OCR sees
LARGEST = 80_000_000  # pixels of a page
IMAGES = ("PNG", "JPEG", "TIFF", "WEBP")
KINDS = f"a PDF or an image ({', '.join(IMAGES)})"


def read(text: str | None, engine: str = TESSERACT) -> Document:
    """A document with at least one word; a DataError says why there is none. Scans are read by the OCR named."""
    if not text:
        raise DataError("the document is empty (0 bytes).")
    found = document.parse(text) if text.startswith("{") else of_bytes(_decoded(text), engine)
    if not any(page.words for page in found.pages):
        raise DataError("the document has no words: its pages are blank, or too faint to be read.")
    return found


def of_bytes(content: bytes, engine: str = TESSERACT) -> Document:
    """The words of a PDF's or an image's pages."""
    if not content:
        raise DataError("the document is empty (0 bytes).")
    return (_of_pdf if b"%PDF-" in content[:1024] else _of_image)(content, engine)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError(f"the document must be pages with words, or {KINDS} in base64.") from None


def _of_pdf(content: bytes, engine: str) -> Document:
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        why = "it is protected by a password; send it without" if locked else "it is damaged, or no PDF"
        raise DataError(f"the PDF cannot be opened: {why}.") from None
    with pdf:
        if len(pdf) > MOST_PAGES:
            raise DataError(f"the document has {len(pdf)} pages, at most {MOST_PAGES} are read; split it.")
        return Document(tuple(_pdf_page(pdf, number, engine) for number in range(len(pdf))))


def _pdf_page(pdf: Any, number: int, engine: str) -> Page:
    import pypdfium2 as pdfium

    try:
        page = pdf[number]
        width, height = page.get_size()
        words = _pdf_words(page.get_textpage())
        scan = not words and next(page.get_objects(max_depth=2), None) is not None  # something is drawn
    except pdfium.PdfiumError as error:
        raise DataError(f"page {number + 1} of the PDF cannot be read: {error}.") from None
    if scan:
        _check_size(int(width * DOTS / INCH), int(height * DOTS / INCH))
        return _recognized(page.render(scale=DOTS / INCH).to_pil().convert("L"), DOTS / INCH, engine)
    return Page(width, height, tuple(_upright(word, page.get_rotation(), width, height) for word in words))


def _pdf_words(page: Any) -> list[Word]:
    """Letters between blanks; pdfium tells the box of each letter as left, bottom, right, top."""
    words: list[Word] = []
    letters, boxes = "", list[Box]()
    for place in range(page.count_chars()):
        letter = page.get_text_range(place, 1, errors="ignore")
        if letter.strip():
            letters, boxes = letters + letter, [*boxes, page.get_charbox(place)]
        elif letters:
            words.append(Word(letters, document.around(boxes)))
            letters, boxes = "", []
    return [*words, Word(letters, document.around(boxes))] if letters else words


def _upright(word: Word, turned: int, width: float, height: float) -> Word:
    """The word on the page as it is shown: from the upper left corner, after the rotation that the page asks for."""
    left, bottom, right, top = word.box
    box: Box = {
        0: (left, height - top, right, height - bottom),
        90: (bottom, left, top, right),
        180: (width - right, bottom, width - left, top),
        270: (width - top, height - right, width - bottom, height - left),
    }[turned]
    return Word(word.text, box)


def _of_image(content: bytes, engine: str) -> Document:
    from PIL import Image, ImageSequence, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=IMAGES) as image:
            if (pages := getattr(image, "n_frames", 1)) > MOST_PAGES:
                raise DataError(f"the document has {pages} pages, at most {MOST_PAGES} are read; split it.")
            return Document(
                tuple(_frame(frame, engine) for frame in ImageSequence.Iterator(image))
            )  # one at a time in memory
    except UnidentifiedImageError:
        raise DataError(f"the document is not {KINDS}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"the image is damaged: {error}.") from None


def _frame(frame: "Image", engine: str) -> Page:
    from PIL import ImageOps

    _check_size(frame.width, frame.height)
    return _recognized(ImageOps.exif_transpose(frame).convert("L"), 1.0, engine)


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise DataError(f"a page has {width} × {height} pixels, at most {LARGEST:,} are read.")


def _recognized(image: "Image", scale: float, engine: str) -> Page:
    """The words that OCR sees, in the unit of the page: so many pixels."""
    upright, words = ocr.engine(engine).words(image)
    made = [Word(text, (box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale)) for text, box in words]
    return Page(upright.width / scale, upright.height / scale, tuple(made))
