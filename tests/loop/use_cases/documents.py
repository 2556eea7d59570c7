"""Document extraction: fields of a document's words or of a PDF's bytes, and a batch of PDF files."""

import base64
from typing import Any

from tests.loop.use_cases import Case

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 79>>stream
BT /F1 12 Tf 40 360 Td (Fecha: 31/05/2024) Tj 0 -40 Td (TOTAL 12.50) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>"""
PAGES = [
    {"words": [{"text": "Cafe Aurora S.L.", "box": [20, 20, 180, 30]}]},
    {"words": [{"text": "TOTAL", "box": [20, 40, 70, 50]}, {"text": "12.50", "box": [90, 40, 140, 50]}]},
]


def fields_are_found(answer: dict[str, Any]) -> None:
    words, pdf, empty = answer["predictions"]
    assert words["fields"]["total"] | {"confidence": 1} == {
        "value": "12.50", "confidence": 1, "page": 2, "box": [90, 40, 140, 50]
    }  # fmt: skip
    assert {name: pdf["fields"][name]["value"] for name in ("date", "total")} == {
        "date": "31/05/2024", "total": "12.50"
    }  # fmt: skip
    assert 0 < pdf["fields"]["total"]["confidence"] <= 1
    assert "0 bytes" in empty["error"]


CASE = Case(
    {"instances": [{"document": one} for one in ({"pages": PAGES}, base64.b64encode(PDF).decode(), "")]},
    fields_are_found,
    {"document", "(prediction)"},
    variables={"batch": {"content_type": "application/pdf"}},
    files={
        "a.pdf": (PDF, b'"value":"12.50"'),
        "empty.pdf": (b"", b"0 bytes"),
        "noise.pdf": (b"\0\1", b"not a PDF or an image"),
    },
)
