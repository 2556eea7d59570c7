"""Hold terraform.auto.tfvars.json to the variables: Terraform ignores a misspelt key, and tells wrong values late."""

import base64
import json
import re
import shutil
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
VALIDATION = re.compile(r"^  validation \{.*?^  \}\n", re.MULTILINE | re.DOTALL)
MISFIT = re.compile(r"var\.([\w-]+) declared at \S+ (.*)", re.DOTALL)  # what Terraform says of a value's type
WRONG = ("Invalid value for variable", "Invalid value for input variable")  # by a validation, and by its type


def check(project: Project) -> None:
    """Raise MlopsError with a sentence for each key, nested ones too, and each value that no variable takes.

    What modules ask of their inputs is left to Terraform, which gets there only when all of these are right.
    """
    given, folder = project.settings, project.path / "terraform"
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.tf"))]
    blocks = {found[1]: found[0] for text in texts for found in VARIABLE.finditer(text)}
    refused = list(_refused(blocks, sorted(folder.glob("*.tfvars*"))))
    misfits = {found[1] for one in refused if (found := MISFIT.search(one["detail"]))}
    fitting = {name: given[name] for name in given if name in blocks and name not in misfits}
    lost = _lost(given, dict.fromkeys(blocks) | _kept(blocks, fitting))
    if told := [f"{FILE}: there is no {key}" for key in lost] + [_sentence(one, given) for one in refused]:
        raise MlopsError("\n".join(told))


def _sentence(refused: dict[str, Any], given: dict[str, Any]) -> str:
    file, detail = (refused.get("range") or {}).get("filename", FILE), refused["detail"]
    if found := MISFIT.search(detail):
        return f"{file}: {found[1]}: {found[2].rstrip('.')} (got: {json.dumps(given.get(found[1]))[:300]})."
    return f"{file}: {detail.splitlines()[0]}"


def _refused(blocks: dict[str, str], files: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield Terraform's diagnostics of the values in these files that variables refuse; no provider is needed."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "variables.tf").write_text("\n".join(blocks.values()), encoding="utf-8")
        for file in files:
            shutil.copy(file, folder)
        plan = [executable(), f"-chdir={folder}", "plan", "-json", "-input=false", "-lock=false"]
        answer = subprocess.run(plan, capture_output=True, text=True).stdout
    for line in answer.splitlines():
        found = json.loads(line).get("diagnostic", {}) if line.startswith("{") else {}
        if found.get("summary") in WRONG:
            yield found


def _kept(blocks: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values as Terraform converts them to the variables' types, which drops unknown keys.

    No provider is needed. Empty where Terraform cannot do without what is missing: then it says so next.
    """
    wanted = ", ".join(f"{name} = var.{name}" for name in given)
    types = "\n".join(VALIDATION.sub("", block) for block in blocks.values())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "variables.tf").write_text(types, encoding="utf-8")
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
