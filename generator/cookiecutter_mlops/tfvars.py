"""Hold the keys of terraform.auto.tfvars.json to the variables: Terraform ignores one that is misspelt."""

import base64
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cookiecutter_mlops.answers import suggestion
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.project import Project
from cookiecutter_mlops.terraform import executable

FILE = "terraform.auto.tfvars.json"
VARIABLE = re.compile(r'^variable "([\w-]+)" \{(?:[^\n]*\}$|.*?^\})', re.MULTILINE | re.DOTALL)  # as `fmt` writes it


def check(project: Project) -> None:
    """Raise MlopsError with a sentence for each key, nested ones too, that no variable and no variable's type has."""
    given, files = project.settings, sorted((project.path / "terraform").glob("*.tf"))
    blocks = {found[1]: found[0] for file in files for found in VARIABLE.finditer(file.read_text(encoding="utf-8"))}
    kept = dict.fromkeys(blocks) | _kept(blocks, {name: given[name] for name in given if name in blocks})
    if lost := list(_lost(given, kept)):
        raise MlopsError("\n".join(f"{FILE}: there is no {key}" for key in lost))


def _kept(blocks: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values as Terraform converts them to the variables' types, which drops unknown keys.

    No provider is needed. Empty where a value does not fit its type or a validation: then Terraform says so next.
    """
    wanted = ", ".join(f"{name} = var.{name}" for name in given)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "variables.tf").write_text("\n".join(blocks.values()), encoding="utf-8")
        (Path(folder) / FILE).write_text(json.dumps(given), encoding="utf-8")
        console = [executable(), f"-chdir={folder}", "console"]
        question = f"base64encode(jsonencode({{{wanted}}}))\n"
        answer = subprocess.run(console, input=question, capture_output=True, text=True).stdout
    try:
        return json.loads(base64.b64decode(answer.splitlines()[-1].strip('"')))
    except (IndexError, ValueError):
        return {}


def _lost(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Yield the keys that are not among those kept, each with the nearest right one."""
    if isinstance(given, list) and isinstance(kept, list):
        for one, other in zip(given, kept, strict=False):  # an `any` may change its length
            yield from _lost(one, other, path)
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from _lost(value, kept[key], f"{path}{key}.")
            else:
                yield f"{path}{key}{suggestion(key, kept)}"
