"""Documents of every kind become words with boxes, or one sentence; the rest of a request is answered."""

import base64
import shutil
from pathlib import Path

import made
import pytest
from PIL import Image

from inference import handler, ocr, reading, rows
from training.cells import DataError
from training.document import MOST_PAGES
from training.settings import load_settings

TEXT = ["Cafe Aurora", "TOTAL 12.50"]


class FakeEngine:
    """An OCR that sees one word in the middle of any page."""

    def words(self, image):
        width, height = image.size
        return image, [("SEEN", (width * 0.4, height * 0.4, width * 0.6, height * 0.6))]


@pytest.fixture
def no_ocr(monkeypatch):
    """A machine without an OCR, unless a test names one."""
    monkeypatch.delenv("MLOPS_OCR", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    ocr.engine.cache_clear()
    yield monkeypatch
    ocr.engine.cache_clear()


def refusal(content: bytes) -> str:
    with pytest.raises(DataError) as refused:
        reading.read(base64.b64encode(content).decode())
    return str(refused.value)


def test_pdf_is_read_by_its_text_layer():
    (page,) = reading.of_bytes(made.pdf([TEXT])).pages
    assert (page.width, page.height) == (made.WIDTH, made.HEIGHT)
    assert [word.text for word in page.words] == ["Cafe", "Aurora", "TOTAL", "12.50"]
    assert [segment.text for segment in page.segments] == TEXT
    left, top, _, bottom = page.words[2].box
    assert left == pytest.approx(40, abs=2)
    assert top < bottom < made.HEIGHT - 340 + 2  # the second line stands on y = 340


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_pdf_with_a_rotation_has_boxes_on_the_page_as_it_is_shown(rotate):
    (page,) = reading.of_bytes(made.pdf([TEXT], rotate)).pages
    assert (page.width > page.height) == (rotate in (90, 270))
    for left, top, right, bottom in (word.box for word in page.words):
        assert 0 <= left < right <= page.width
        assert 0 <= top < bottom <= page.height


def test_document_of_200_pages_is_read():
    pages = reading.of_bytes(made.pdf([[f"Page {number}"] for number in range(200)])).pages
    assert [page.words[1].text for page in pages] == [str(number) for number in range(200)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (made.pdf([TEXT], locked=True), "password"),
        (b"%PDF-1.4\nnothing else", "damaged"),
        (made.pdf([[]]), "no words"),
        (made.pdf([["a"]] * (MOST_PAGES + 1)), f"{MOST_PAGES + 1} pages"),
        (b"\x00\x01 something else", "PDF or an image"),
        (made.picture(TEXT)[:200], "image is damaged"),
        (made.picture(TEXT), "no OCR"),
        (made.pdf([TEXT, TEXT]).replace(b"/Kids [5 0 R 7 0 R]", b"/Kids [5 0 R 9 0 R]"), "page 2 of the PDF"),
        (made.scan().replace(b"[0 0 300 400]", b"[0 0 9999 9999]"), "27775 × 27775 pixels"),
    ],
    ids=["empty", "locked", "cut", "blank", "long", "unknown", "cut image", "scan", "lost page", "huge page"],
)
def test_document_that_cannot_be_read_gets_one_sentence(content, words, no_ocr):
    sentence = refusal(content)
    assert words in sentence
    assert "\n" not in sentence


def test_text_that_is_neither_json_nor_base64_gets_one_sentence():
    with pytest.raises(DataError, match="in base64"):
        reading.read("total: 12.50")


def test_project_may_name_its_own_ocr(no_ocr):
    no_ocr.setenv("MLOPS_OCR", f"{__name__}:FakeEngine")
    (page,) = reading.of_bytes(made.picture(TEXT)).pages
    assert [word.text for word in page.words] == ["SEEN"]
    assert page.words[0].box[0] == pytest.approx(page.width * 0.4)


def test_page_without_a_text_layer_is_recognized_in_the_unit_of_the_pdf(no_ocr):
    no_ocr.setenv("MLOPS_OCR", f"{__name__}:FakeEngine")
    (page,) = reading.of_bytes(made.scan()).pages
    assert page.words[0].text == "SEEN"
    assert (page.width, page.height) == pytest.approx((made.WIDTH, made.HEIGHT), abs=1)


@pytest.mark.parametrize("lies", [0, 90, 180, 270])
def test_scan_that_lies_on_its_side_is_turned(lies, monkeypatch):
    """Only the upright picture, whose corner is black, is read with confidence."""
    upright = Image.new("L", (40, 20), 255)
    upright.putpixel((0, 0), 0)

    def seen(self, image):
        right = image.size == (40, 20) and image.getpixel((0, 0)) == 0
        return ([("yes", (0.0, 0.0, 9.0, 9.0))], 95.0) if right else ([("n0", (0.0, 0.0, 9.0, 9.0))], 30.0)

    monkeypatch.setattr(ocr.Tesseract, "_seen", seen)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    image, words = ocr.Tesseract().words(upright.rotate(lies, expand=True))
    assert image.size == (40, 20)
    assert words == [("yes", (0.0, 0.0, 9.0, 9.0))]


def test_table_of_tesseract_becomes_words():
    table = "left\ttop\twidth\theight\tconf\ttext\n0\t0\t9\t9\t-1\t\n10\t20\t30\t8\t91.5\tTOTAL\n1\t1\t2\t2\t3\t~\n"
    assert ocr.parsed(table) == ([("TOTAL", (10.0, 20.0, 40.0, 28.0))], 91.5)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed here")
@pytest.mark.parametrize("lies", [0, 90, 180])
def test_scan_is_read_by_tesseract_however_it_lies(lies):
    ocr.engine.cache_clear()
    lines = ["Cafe Aurora", "Calle Mayor 12", "28013 Madrid", "Fecha 31/05/2024", "TOTAL 12.50"]
    read = reading.of_bytes(made.picture(lines, turned=lies)).text
    assert "31/05/2024" in read and "12.50" in read


def test_one_document_that_cannot_be_read_leaves_the_others_their_answers(trained):
    model = handler.restore(trained / "model")
    good = base64.b64encode(made.pdf([["Cafe Aurora S.L.", "Fecha: 31/05/2024", "TOTAL 12.50"]])).decode()
    locked = base64.b64encode(made.pdf([TEXT], locked=True)).decode()
    long = base64.b64encode(made.pdf([[f"Page {number}"] for number in range(199)] + [["TOTAL 12.50"]])).decode()
    read_before = {"problem": "Textract could not read the page."}
    asked = [{"document": one} for one in (locked, good, "", long, read_before)]
    first, second, third, fourth, fifth = handler.predict(model, asked)["predictions"]
    assert "password" in first["error"]
    assert "0 bytes" in third["error"]
    assert (fourth["pages"], fourth["fields"]["total"]["page"], fourth["fields"]["total"]["value"]) == (
        200,
        200,
        "12.50",
    )
    assert fifth["error"] == "Textract could not read the page."
    assert second["pages"] == 1
    assert {name: one["value"] for name, one in second["fields"].items() if name in ("date", "total")} == {
        "date": "31/05/2024",
        "total": "12.50",
    }


def test_instance_that_is_no_document_leaves_the_others_their_answers(trained, monkeypatch):
    model = handler.restore(trained / "model")
    wrong = [7, {"document": "7"}, {"paper": "a"}, rows.Unread("Line 5 must be UTF-8.")]
    good = {"document": base64.b64encode(made.pdf([["Fecha: 31/05/2024"]])).decode()}
    first, *others = handler.predict(model, [good, *wrong])["predictions"]
    assert first["fields"]["date"]["value"] == "31/05/2024"
    words = ("instances[1] must be", "the document must be", "instances[3]: there is no field 'paper'", "Line 5")
    assert [found["error"][: len(start)] for found, start in zip(others, words, strict=True)] == list(words)
    wrong.remove({"document": "7"})  # a text that is no document, answered even where it is alone
    with pytest.raises(DataError, match="must be an object"):  # nothing in this request can be answered
        handler.predict(model, wrong)
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")  # whose output file is the only answer
    assert len(handler.predict(model, wrong)["predictions"]) == len(wrong)


def test_body_that_is_a_pdf_is_one_document(trained):
    model = handler.restore(trained / "model")
    instances = handler.READERS["application/pdf"](made.pdf([["Fecha: 31/05/2024"]]))
    assert handler.predict(model, instances)["predictions"][0]["fields"]["date"]["page"] == 1


def test_monitoring_sees_the_words_of_documents_and_those_that_cannot_be_read(trained):
    page = {"words": [{"text": "TOTAL", "box": [0, 0, 9, 9]}, {"text": "12.50", "box": [90, 0, 99, 9]}]}
    instances = [{"document": {"pages": [page]}}, {"document": "nothing"}, {"document": "", "name": "a"}]
    seen, wrong, unknown = handler.observed(instances, load_settings(Path(__file__).parent.parent / "project.toml"))
    assert seen["document"].tolist()[0] == "TOTAL\n00.00"
    assert wrong["document"].tolist() == [False, True, True]
    assert unknown == {"name": 1}
