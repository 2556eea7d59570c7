"""OCR by Amazon Textract, DetectDocumentText: each page is sent to the service (requirements/textract.txt).

Endpoints of this project are isolated from every network, so this runs before them (inference/scans.py), with a role
that may textract:DetectDocumentText.
https://docs.aws.amazon.com/textract/latest/APIReference/API_DetectDocumentText.html
"""

import io
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from inference.ocr import Unreachable, Words
from training.cells import DataError
from training.document import Box

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST = 20.0  # of 100: words that Textract is less sure of are noise
LARGEST = 10_000  # pixels of a side
# What Textract says of a page; anything else is said of the service or of who asks, and ends the run.
OF_PAGES = (
    "BadDocumentException",
    "DocumentTooLargeException",
    "InvalidParameterException",
    "UnsupportedDocumentException",
)


class Textract:
    """The service, asked again with growing pauses while it has too much to do."""

    def __init__(self) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import NoRegionError
        except ModuleNotFoundError:
            raise DataError("Amazon Textract needs boto3: pip install -r requirements/textract.txt.") from None
        try:
            self.client = boto3.client("textract", config=Config(retries={"mode": "adaptive", "max_attempts": 5}))
        except NoRegionError:
            raise DataError("Amazon Textract needs a region: set AWS_DEFAULT_REGION, such as eu-west-1.") from None

    def words(self, image: "Image") -> "tuple[Image, Words]":
        from botocore.exceptions import BotoCoreError, ClientError

        if max(image.size) > LARGEST:
            image.thumbnail((LARGEST, LARGEST))
        try:
            blocks = self.client.detect_document_text(Document={"Bytes": _png(image)})["Blocks"]
        except BotoCoreError as error:
            how = "endpoints are isolated, so scans are read before them (python -m inference.scans)"
            raise Unreachable(f"Textract cannot be asked from here: {str(error).rstrip('.')}; {how}.") from None
        except ClientError as error:
            if error.response["Error"]["Code"] not in OF_PAGES:
                raise Unreachable(f"Textract does not answer: {error}") from None
            raise DataError(f"Textract could not read the page: {error.response['Error']['Message']}") from None
        found = [block for block in blocks if block["BlockType"] == "WORD" and block["Confidence"] >= LEAST]
        quarter = _lies(found, image.size)
        words = [(block["Text"], _box(_corners(block, image.size), quarter, image.size)) for block in found]
        return image.rotate(quarter, expand=True), words


def _png(image: "Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _corners(block: dict[str, Any], size: tuple[int, int]) -> list[tuple[float, float]]:
    """The corners of a word in pixels, from where its text begins at the top."""
    return [(point["X"] * size[0], point["Y"] * size[1]) for point in block["Geometry"]["Polygon"]]


def _lies(blocks: list[dict[str, Any]], size: tuple[int, int]) -> int:
    """By how many degrees against the clock the page must be turned: what most words say."""
    quarters: Counter[int] = Counter()
    for block in blocks:
        (left, top), (right, down) = _corners(block, size)[:2]
        quarters[round(math.degrees(math.atan2(down - top, right - left)) / 90) * 90 % 360] += len(block["Text"])
    return quarters.most_common(1)[0][0] if quarters else 0


def _box(corners: list[tuple[float, float]], quarter: int, size: tuple[int, int]) -> Box:
    """The smallest box around corners, on the page after it was turned."""
    width, height = size
    turned = {
        0: lambda x, y: (x, y),
        90: lambda x, y: (y, width - x),
        180: lambda x, y: (width - x, height - y),
        270: lambda x, y: (height - y, x),
    }[quarter]
    rights, downs = zip(*(turned(x, y) for x, y in corners), strict=True)
    return min(rights), min(downs), max(rights), max(downs)
