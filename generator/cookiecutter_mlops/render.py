"""Render the template as cookiecutter does, without what cookiecutter imports: that is most of the time of `mlops new`.

Plain cookiecutter is the reference. Tests bake through every door and compare the trees byte by byte.
"""

import fnmatch
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError

from cookiecutter_mlops.errors import MlopsError

PROJECT = "{{cookiecutter.project_slug}}"
LITTER = shutil.ignore_patterns("__pycache__", ".*_cache")


def questions(template: Path) -> dict[str, Any]:
    """Return cookiecutter.json as it stands."""
    return json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))


def context(template: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Return every answer: those given, and for the others the template's defaults after the answers before them."""
    environment, known = _environment(), dict[str, Any]()
    for key, default in questions(template).items():
        is_private = key.startswith("_") and not key.startswith("__")
        if key in given and not key.startswith("_"):
            known[key] = given[key]
        elif is_private or isinstance(default, dict):
            known[key] = default
        else:
            first = default[0] if isinstance(default, list) else default
            known[key] = environment.from_string(first).render(cookiecutter=known)
    return known


def tree(template: Path, answers: Mapping[str, Any], folder: Path) -> Path:
    """Render the template's project into a folder and return where it is; raise MlopsError if it cannot be rendered."""
    environment, source = _environment(), template / PROJECT

    def copy(file: str, to: str) -> None:
        path = os.path.relpath(file, source)
        if any(fnmatch.fnmatch(path, pattern) for pattern in answers["_copy_without_render"]):
            shutil.copyfile(file, to)
        else:
            text = Path(file).read_text(encoding="utf-8")
            Path(to).write_text(environment.from_string(text).render(cookiecutter=answers), encoding="utf-8")
        shutil.copymode(file, to)

    try:
        return Path(
            shutil.copytree(source, folder / answers["project_slug"], ignore=LITTER, copy_function=copy)  # type: ignore[arg-type]
        )
    except TemplateError as error:
        raise MlopsError(f"The template could not be rendered: {error}") from error


def _environment() -> Environment:
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 no HTML is rendered
    environment.filters["slugify"] = _slugify
    return environment


def _slugify(text: str, **options: Any) -> str:
    from slugify import slugify  # what cookiecutter's filter calls; its tables take a while to load

    return slugify(text, **options)
