"""After rendering: lay the use case over the project, copy the Terraform modules that it names, pack its functions.

Deterministic, offline and free of `git init`: `cruft update` runs this twice and compares the results.
"""

import json
import os
import re
import runpy
import shutil
from pathlib import Path

from cookiecutter_mlops import __version__, answers

ROOT = Path(__file__).resolve().parents[1]
NOT_SHIPPED = shutil.ignore_patterns("tests", "examples", ".terraform*")
LITTER = {"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache", ".terraform"}
MODULE_SOURCE = re.compile(r'source\s*=\s*"(?:\.{1,2}/modules|\.\.)/([a-z0-9-]+)"')


def main(context: dict) -> int:
    """Finish the project in the working directory."""
    project, given = Path.cwd(), answers.public(context)
    overlay_use_case(project, given["use_case"])
    copy_modules(project)
    remove_litter(project)
    pack_functions(project)
    record_answers(project, given)
    return 0


def overlay_use_case(project: Path, use_case: str) -> None:
    """Lay the plain files of the use case over the common tree."""
    folder = ROOT / "cookiecutter-mlops" / "use-cases" / use_case
    shutil.copytree(folder, project, dirs_exist_ok=True)


def copy_modules(project: Path) -> None:
    """Copy the modules that the project's Terraform names, and those that these name, without tests and examples."""
    modules, named = project / "terraform" / "modules", named_modules(project / "terraform")
    while missing := sorted(name for name in named if not (modules / name).exists()):
        for name in missing:
            shutil.copytree(ROOT / "terraform-modules" / name, modules / name, ignore=NOT_SHIPPED)
        named = {name for module in missing for name in named_modules(modules / module)}
    origin = (
        f"These are the modules of cookiecutter-mlops {__version__}, byte for byte; `cruft update` brings newer ones."
    )
    (modules / "README.md").write_text(f"{origin}\n", encoding="utf-8")


def named_modules(folder: Path) -> set[str]:
    """The modules that any Terraform in a folder uses."""
    return {name for file in folder.rglob("*.tf") for name in MODULE_SOURCE.findall(file.read_text(encoding="utf-8"))}


def remove_litter(project: Path) -> None:
    """Remove what tools leave in the template's folder: pip compiles a wheel's files, ruff keeps a cache."""
    for folder, inside, _ in os.walk(project):
        for name in LITTER.intersection(inside):
            shutil.rmtree(Path(folder, name))
            inside.remove(name)


def pack_functions(project: Path) -> None:
    """Write the Lambda packages with the project's own code, so that `make functions` gives the same bytes."""
    packer = runpy.run_path(str(project / "pipelines" / "functions.py"))
    packer["build_all"](project / "functions")


def record_answers(project: Path, given: dict) -> None:
    """Write `.mlops.json`: what an update of the project starts from."""
    record = {"template": "cookiecutter-mlops", "version": __version__, "answers": given}
    (project / ".mlops.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
