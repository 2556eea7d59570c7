"""The notebook runs from its first cell to its last, and is committed without what it printed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"


def cells() -> list[dict[str, Any]]:
    return [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """IPython in this process, which has the libraries open already; what the notebook sets ends with it."""
    pyplot.switch_backend("agg")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(NOTEBOOK.parent)
    silent = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=silent, user_module=ModuleType("notebook"))
    with pyplot.rc_context():
        yield shell
    pyplot.close("all")
    InteractiveShell.clear_instance()


def test_notebook_is_committed_without_outputs():
    assert [cell["outputs"] for cell in cells() if cell["outputs"] or cell["execution_count"]] == []


def test_notebook_runs(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for name in ("ENDPOINT", "REMOTE_TRAINING", "DATA"):
        monkeypatch.delenv(name, raising=False)
    for cell in cells():
        shell.run_cell("".join(cell["source"])).raise_error()
    for number in pyplot.get_fignums():  # what Jupyter would show
        pyplot.figure(number).canvas.draw()
    printed = capsys.readouterr().out
    assert "No endpoint is configured" in printed
    assert "No remote training" in printed
