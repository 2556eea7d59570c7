import ast
import io
import json
import tarfile
from pathlib import Path

import pytest

from training.artifact import ArtifactError, same, seal, unpack, verify

ROOT = Path(__file__).parent.parent
# Readers that run code found in a file, by the module that a call names.
UNSAFE = {
    ("pickle", "load"),
    ("pickle", "loads"),
    ("joblib", "load"),
    ("torch", "load"),
    ("pd", "read_pickle"),
    ("dill", "load"),
    ("cloudpickle", "load"),
    ("skops", "dumps_unsafe"),
}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights").write_bytes(b"1234")
    (folder / "deep" / "schema.json").write_text("{}")
    seal(folder, {"commit": "abc"})
    return folder


def test_sealed_model_verifies(model):
    manifest = verify(model)
    assert manifest["commit"] == "abc"
    assert set(manifest["files"]) == {"weights", "deep/schema.json"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "weights").write_bytes(b"1235"),
        lambda folder: (folder / "weights").unlink(),
        lambda folder: (folder / "added.pkl").write_bytes(b""),
        lambda folder: (folder / "link").symlink_to("/etc/passwd"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_text(json.dumps({"files": {}})),
    ],
)
def test_spoilt_model_is_refused(model, spoil):
    spoil(model)
    with pytest.raises(ArtifactError):
        verify(model)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    "bad",
    [
        member("../out"),
        member("/tmp/out"),
        member("a/../../out"),
        member("link", tarfile.SYMTYPE, "/etc"),
        member("hard", tarfile.LNKTYPE, "model/weights"),
        member("pipe", tarfile.FIFOTYPE),
    ],
)
def test_archive_with_a_dangerous_member_is_refused(tmp_path, bad):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member("good"), io.BytesIO())
        tar.addfile(bad, io.BytesIO())
    with pytest.raises(ArtifactError, match="no plain file"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_archive_of_a_model_unpacks(model, tmp_path):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(model, arcname=".")
    unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert verify(tmp_path / "out") == verify(model)


def test_no_code_reads_a_format_that_can_run_code():
    found = []
    for folder in ("training", "inference", "pipelines", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    owner = getattr(node.func.value, "id", "")
                    pickles = any(keyword.arg == "allow_pickle" for keyword in node.keywords)
                    if (owner, node.func.attr) in UNSAFE or pickles:
                        found.append(f"{path.name}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize(
    ("told", "likeness", "expected"),
    [
        ("Ada lost her card", 1.0, True),
        ("Ada lost her card.", 1.0, False),
        ("Ada has lost her card", 0.8, True),
        ("Bruno wants a refund", 0.5, False),
        ("", 0.5, False),
        (None, 0.5, False),
    ],
)
def test_text_is_the_same_when_enough_of_its_words_are(told, likeness, expected):
    recorded = {"predictions": [{"summary": "Ada lost her card"}]}
    assert same({"predictions": [{"summary": told}]}, recorded, likeness) is expected
