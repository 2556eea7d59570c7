"""Make a project: render the template in a temporary folder, commit it, move it into place; or leave nothing behind."""

import os
import runpy
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from cookiecutter_mlops import answers, render
from cookiecutter_mlops import template as template
from cookiecutter_mlops.errors import MlopsError


def check(given: Mapping[str, str]) -> None:
    """Raise MlopsError for the first of the given answers that cannot be right."""
    for key, value in given.items():
        if sentence := answers.problem(key, value):
            raise MlopsError(sentence)


def complete(given: Mapping[str, str]) -> dict[str, str]:
    """Return the given answers and the template's defaults for the others; raise MlopsError if they do not work."""
    return answers.public(_context(given))


def default(key: str, given: Mapping[str, str]) -> str:
    """Return the template's default for one answer, after those that are given."""
    return render.context(template(), given)[key]


def prompts() -> dict:
    """Return the sentences that ask for the answers."""
    return render.questions(template())["__prompts__"]


def create(given: Mapping[str, str], output_dir: Path, finish: Callable[[Path], None] = lambda project: None) -> Path:
    """Make the project in `output_dir` and return its folder; `finish` may change the files before the first commit."""
    context = _context(given)
    target = output_dir.resolve() / context["project_slug"]
    _refuse_existing(target)
    with _temporary_folder(target.parent) as folder:
        project = render.tree(template(), context, folder)
        with chdir(project):  # the hook of plain cookiecutter, which runs it in a process of its own
            runpy.run_path(str(template().parent / "hooks" / "post_gen_project.py"))["main"](context)
        finish(project)
        _commit(project, context["owner_email"])
        os.replace(project, target)
    return target


def _context(given: Mapping[str, str]) -> dict[str, Any]:
    """Return all answers, private ones too; the user's own cookiecutter settings have no part in it."""
    check(given)
    context = render.context(template(), given)
    if problems := answers.problems(answers.public(context)):
        raise MlopsError("\n".join(problems))
    return context


def _refuse_existing(target: Path) -> None:
    if target.is_symlink() or target.is_file():
        raise MlopsError(f"{target}: this is a link or a file; choose another --output-dir or project_slug.")
    if target.exists() and any(target.iterdir()):
        raise MlopsError(f"{target}: this folder is not empty; choose another --output-dir or project_slug.")


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    """Give a folder beside the target, so that moving is one rename; what was made for nothing is removed again."""
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".mlops-new-", dir=parent))
    except OSError as error:
        raise MlopsError(f"{parent}: cannot write here ({error.strerror}); choose another --output-dir.") from error
    try:
        yield folder
    except BaseException:
        shutil.rmtree(missing[-1] if missing else folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _commit(project: Path, owner_email: str) -> None:
    """Make the first commit, whatever the user's git is set up to do in commits."""
    _git(project, "init", "--quiet", "--initial-branch=main")
    _git(project, "add", "--all")
    known = subprocess.run(["git", "config", "user.email"], cwd=project, capture_output=True).returncode == 0
    author = [] if known else ["-c", "user.name=mlops", "-c", f"user.email={owner_email}"]
    quiet = ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"]
    _git(project, *author, *quiet, "commit", "--quiet", "--message", "Start from cookiecutter-mlops")


def _git(project: Path, *arguments: str) -> None:
    # Inside a git hook, GIT_DIR and its kin would point at another repository.
    environment = {k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
    # To wait for the disk after each of 300 new files takes longer than all the rest, and nothing here could be lost.
    fast = ["-c", "core.fsync=none", "-c", "core.looseCompression=1", "-c", "maintenance.auto=false"]
    try:
        subprocess.run(
            ["git", *fast, *arguments], cwd=project, env=environment, check=True, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise MlopsError("git: the first commit needs it, and there is none on PATH; install git 2.28+.") from error
    except subprocess.CalledProcessError as error:
        raise MlopsError(f"git {arguments[0]}: {error.stderr.strip()}") from error
