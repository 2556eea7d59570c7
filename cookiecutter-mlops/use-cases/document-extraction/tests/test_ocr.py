"""OCR by docTR and Amazon Textract, whose answers are made up in their documented shape, and batches of scans."""

import json
import shutil
import sys
import types
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import made
import numpy as np
import pytest
from PIL import Image

from inference import ocr, reading, scans
from training import model
from training.cells import DataError
from training.settings import SettingsError, UserError, load_settings

botocore = pytest.importorskip("botocore")
stub = pytest.importorskip("botocore.stub")

SIZE = (1000, 500)  # of the page that both are shown


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("MLOPS_OCR", raising=False)
    ocr.engine.cache_clear()
    yield
    ocr.engine.cache_clear()


@pytest.fixture
def page():
    return Image.new("L", SIZE, 255)


def block(text: str, corners: list[tuple[float, float]], kind: str = "WORD", confidence: float = 99.0) -> dict:
    """A block as DetectDocumentText gives it: corners relative to the page, from where the text begins at the top."""
    rights, downs = zip(*corners, strict=True)
    box = {
        "Left": min(rights),
        "Top": min(downs),
        "Width": max(rights) - min(rights),
        "Height": max(downs) - min(downs),
    }
    polygon = [{"X": x, "Y": y} for x, y in corners]
    return {
        "BlockType": kind, "Id": text, "Text": text, "Confidence": confidence, "TextType": "PRINTED",
        "Geometry": {"BoundingBox": box, "Polygon": polygon},
    }  # fmt: skip


def straight(text: str, left: float, top: float, right: float, bottom: float, **more) -> dict:
    return block(text, [(left, top), (right, top), (right, bottom), (left, bottom)], **more)


@pytest.fixture
def textract(monkeypatch):
    """Return a function that lets Textract answer with blocks, or an error."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    engine = ocr.engine("textract")
    with stub.Stubber(engine.client) as answers:

        def answer(blocks=None, error=None):
            if error:
                answers.add_client_error("detect_document_text", error, "the sentence of the service")
            else:
                told = {"Blocks": blocks, "DocumentMetadata": {"Pages": 1}}
                answers.add_response("detect_document_text", told, {"Document": {"Bytes": stub.ANY}})
            return engine

        yield answer
        answers.assert_no_pending_responses()


def test_textract_gives_words_with_boxes_in_pixels(textract, page):
    line = straight("TOTAL 12.50", 0.1, 0.2, 0.4, 0.3, kind="LINE")
    words = [straight("TOTAL", 0.1, 0.2, 0.2, 0.3), straight("12.50", 0.3, 0.2, 0.4, 0.3)]
    noise = straight("~", 0.9, 0.9, 0.91, 0.91, confidence=5.0)
    image, found = textract([line, *words, noise]).words(page)
    assert image.size == SIZE
    assert [text for text, _ in found] == ["TOTAL", "12.50"]
    assert found[0][1] == pytest.approx((100, 100, 200, 150))


@pytest.mark.parametrize(
    ("quarter", "turn"),
    [
        (90, lambda x, y: (1 - y, x)),
        (180, lambda x, y: (1 - x, 1 - y)),
        (270, lambda x, y: (y, 1 - x)),
    ],
)
def test_page_that_lies_on_its_side_is_turned_with_its_words(textract, quarter, turn):
    """The word is on the upright page at 100, 100; the page was turned clockwise before it was scanned."""
    corners = [turn(x, y) for x, y in [(0.1, 0.2), (0.2, 0.2), (0.2, 0.3), (0.1, 0.3)]]
    scan = Image.new("L", SIZE if quarter == 180 else SIZE[::-1], 255)
    image, ((text, box),) = textract([block("TOTAL", corners)]).words(scan)
    assert image.size == SIZE
    assert (text, box) == ("TOTAL", pytest.approx((100, 100, 200, 150)))


def test_page_that_textract_cannot_read_is_told_and_trouble_of_the_service_ends_the_run(textract, page):
    with pytest.raises(DataError, match="Textract could not read the page: the sentence"):
        textract(error="BadDocumentException").words(page)
    with pytest.raises(ocr.Unreachable, match="AccessDeniedException"):
        textract(error="AccessDeniedException").words(page)


def test_scans_become_files_for_batch_once_and_broken_ones_take_no_other_along(textract, tmp_path):
    folder, target = tmp_path / "scans", tmp_path / "batch/day=2026-01-31"
    (folder / "a").mkdir(parents=True)
    (folder / "a/7.png").write_bytes(made.picture(["TOTAL 12.50"]))
    (folder / "b.pdf").write_bytes(made.pdf([["Fecha 31/05/2024"]]))
    for name, content in {"empty.pdf": b"", "locked.pdf": made.pdf([["a"]], locked=True)}.items():
        (folder / name).write_bytes(content)
    textract([straight("TOTAL", 0.1, 0.2, 0.2, 0.3)])
    assert scans.write(folder, target, "textract") == {"documents": 4, "problems": 2}
    assert scans.write(folder, target.parent / "day=2026-02-01", "textract") == {"documents": 0, "problems": 0}
    written = {path.relative_to(target).as_posix(): json.loads(path.read_text()) for path in target.rglob("*.json")}
    documents = {name: each["instances"][0]["document"] for name, each in written.items()}
    assert sorted(documents) == ["a/7.png.json", "b.pdf.json", "empty.pdf.json", "locked.pdf.json"]
    assert [word.text for word in reading.read(json.dumps(documents["a/7.png.json"])).pages[0].words] == ["TOTAL"]
    assert [word.text for word in reading.read(json.dumps(documents["b.pdf.json"])).pages[0].words] == [
        "Fecha",
        "31/05/2024",
    ]
    with pytest.raises(DataError, match="protected by a password"):
        reading.read(json.dumps(documents["locked.pdf.json"]))


def test_textract_that_cannot_be_asked_ends_the_run_and_loses_no_document(textract, tmp_path, monkeypatch, capsys):
    def unreachable(**request):
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://textract.eu-west-1.amazonaws.com")

    monkeypatch.setattr(ocr.engine("textract").client, "detect_document_text", unreachable)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans/a.png").write_bytes(made.picture(["TOTAL 12.50"]))
    command = ["scans", str(tmp_path / "scans"), str(tmp_path / "batch"), "--ocr", "textract"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit, match="Textract cannot be asked from here: Could not connect"):
        scans.main()
    assert not (tmp_path / "batch").exists()


def test_doctr_gives_words_of_the_page_that_it_turned(monkeypatch, page):
    def word(value, confidence, *corners):
        return types.SimpleNamespace(value=value, confidence=confidence, geometry=corners)

    words = [word("TOTAL", 0.9, (0.1, 0.2), (0.2, 0.3)), word("~", 0.1, (0.9, 0.9), (0.95, 0.95))]
    words.append(word("12.50", 0.8, (0.3, 0.2), (0.4, 0.2), (0.4, 0.3), (0.3, 0.3)))
    upright = np.zeros((1000, 500, 3), dtype=np.uint8)
    lines = [types.SimpleNamespace(lines=[types.SimpleNamespace(words=words)])]
    answer = types.SimpleNamespace(pages=[types.SimpleNamespace(dimensions=(1000, 500), page=upright, blocks=lines)])
    asked = {}

    def predictor(**settings):
        asked.update(settings)
        return lambda pages: asked.update(shape=pages[0].shape) or answer

    models = types.SimpleNamespace(ocr_predictor=predictor)
    monkeypatch.setitem(sys.modules, "doctr", types.SimpleNamespace(models=models))
    image, found = ocr.engine("doctr").words(page)
    assert (asked["pretrained"], asked["straighten_pages"], asked["shape"]) == (True, True, (500, 1000, 3))
    assert image.size == (500, 1000)
    assert [text for text, _ in found] == ["TOTAL", "12.50"]
    assert found[0][1] == pytest.approx((50, 200, 100, 300))
    assert found[1][1] == pytest.approx((150, 200, 200, 300))


def test_doctr_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "doctr", None)
    with pytest.raises(DataError, match=r"-r doctr\.txt"):
        ocr.engine("doctr")


def test_doctr_without_its_networks_says_where_they_belong(monkeypatch):
    def predictor(**settings):
        raise URLError("Name or service not known")  # as docTR does, of an isolated endpoint

    monkeypatch.setenv("DOCTR_CACHE_DIR", "/opt/doctr")
    models = types.SimpleNamespace(ocr_predictor=predictor)
    monkeypatch.setitem(sys.modules, "doctr", types.SimpleNamespace(models=models))
    with pytest.raises(ocr.Unreachable, match=r"not in /opt/doctr, .*Name or service not known.*into the image"):
        ocr.engine("doctr")


@pytest.mark.parametrize(
    ("name", "words"), [("paper", "tesseract, doctr, textract"), ("no.module:Engine", "No module named 'no'")]
)
def test_ocr_that_nobody_knows_is_refused(name, words):
    with pytest.raises(DataError, match=words):
        ocr.engine(name)


def test_textract_without_a_region_says_so(monkeypatch):
    def client(name, **settings):
        raise botocore.exceptions.NoRegionError

    monkeypatch.setattr("boto3.client", client)
    with pytest.raises(ocr.Unreachable, match="needs a region"):
        ocr.engine("textract")


def test_ocr_that_is_not_there_ends_a_run_and_blames_no_document(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans/a.png").write_bytes(made.picture(["TOTAL 12.50"]))
    with pytest.raises(ocr.Unreachable, match="no OCR is installed here"):
        scans.write(tmp_path / "scans", tmp_path / "batch/day=2026-01-31", "tesseract")
    assert not (tmp_path / "batch").exists()
    with pytest.raises(UserError, match=r"none: must be a folder of scans"):
        scans.write(tmp_path / "none", tmp_path / "batch/day=2026-01-31", "tesseract")


def test_ocr_of_project_toml_is_checked_before_training():
    own = load_settings(Path(__file__).parent.parent / "project.toml")
    with pytest.raises(SettingsError, match=r"\[use_case\]: ocr must be one of tesseract"):
        model.load(Path("none.jsonl"), replace(own, use_case=own.use_case | {"ocr": "paper"}))
