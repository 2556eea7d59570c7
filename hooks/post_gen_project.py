"""After rendering: lay the use case over the project, copy the Terraform modules that it names, pack its functions.

Deterministic, offline and free of `git init`: `cruft update` runs this twice and compares the results.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cookiecutter_mlops import __version__, answers

ROOT = Path(__file__).resolve().parents[1]
NOT_SHIPPED = shutil.ignore_patterns("tests", "examples", ".terraform*")
MODULE_SOURCE = re.compile(r'source\s*=\s*"\./modules/([a-z0-9-]+)"')


def main(context: dict) -> int:
    """Finish the project in the working directory."""
    project, given = Path.cwd(), answers.public(context)
    overlay_use_case(project, given["use_case"])
    copy_modules(project)
    pack_functions(project)
    record_answers(project, given)
    return 0


def overlay_use_case(project: Path, use_case: str) -> None:
    """Lay the plain files of the use case over the common tree."""
    folder = ROOT / "cookiecutter-mlops" / "use-cases" / use_case
    ignore = shutil.ignore_patterns("__pycache__", "answers.json")
    shutil.copytree(folder, project, dirs_exist_ok=True, ignore=ignore)


def copy_modules(project: Path) -> None:
    """Copy the modules that the project's own Terraform names, byte for byte, without their tests and examples."""
    modules = project / "terraform" / "modules"
    texts = [file.read_text(encoding="utf-8") for file in (project / "terraform").glob("*.tf")]
    for name in sorted(set(MODULE_SOURCE.findall("\n".join(texts)))):
        shutil.copytree(ROOT / "terraform-modules" / name, modules / name, ignore=NOT_SHIPPED)


def pack_functions(project: Path) -> None:
    """Write the Lambda packages with the project's own code, so that `make functions` gives the same bytes."""
    if (project / "pipelines" / "functions.py").exists():
        subprocess.run([sys.executable, "-B", "-m", "pipelines.functions"], cwd=project, check=True)


def record_answers(project: Path, given: dict) -> None:
    """Write `.mlops.json`: what an update of the project starts from."""
    record = {"template": "cookiecutter-mlops", "version": __version__, "answers": given}
    (project / ".mlops.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
