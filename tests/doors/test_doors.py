"""Every door into the template gives the same project, byte for byte, and keeps the same people out."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.conftest import PROJECT, new, run

pytestmark = pytest.mark.xdist_group("doors")  # one worker builds the wheel

BIN = Path(sys.executable).parent
AWKWARD = "description=It's \"5 %\" & more: l'été"


@pytest.fixture(scope="session")
def archive(repository, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("zip") / "template.zip"
    subprocess.run(["git", "archive", "--prefix=template/", "-o", file, "HEAD"], cwd=repository, check=True)
    assert zipfile.is_zipfile(file)
    return file


@pytest.fixture(scope="session")
def installed(repository, tmp_path_factory) -> Path:
    """A folder with the wheel installed into it."""
    folder = tmp_path_factory.mktemp("wheel")
    home = folder.parent
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", repository, home=home)
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    into = ["--quiet", "--no-deps", "--no-index", "--target", folder / "site"]
    assert run(sys.executable, "-m", "pip", "install", *into, wheel, home=home).returncode == 0
    return folder / "site"


def cookiecutter(template: str | Path, *options: str | Path) -> list[str | Path]:
    return [BIN / "cookiecutter", template, "--no-input", *options]


DOORS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "folder": lambda repository, archive: cookiecutter(repository),
    "folder-directory": lambda repository, archive: cookiecutter(repository, "--directory", "cookiecutter-mlops"),
    "subfolder": lambda repository, archive: cookiecutter(repository / "cookiecutter-mlops"),
    "git": lambda repository, archive: cookiecutter(f"git+file://{repository}"),
    "git-directory": lambda repository, archive: cookiecutter(
        f"git+file://{repository}", "--directory", "cookiecutter-mlops"
    ),
    "zip": lambda repository, archive: cookiecutter(archive),
    "zip-directory": lambda repository, archive: cookiecutter(archive, "--directory", "cookiecutter-mlops"),
}


def tree(project: Path) -> dict[str, bytes]:
    files = (path for path in project.rglob("*") if path.is_file())
    names = {path.relative_to(project).as_posix(): path for path in files}
    return {n: path.read_bytes() for n, path in names.items() if n != ".cruft.json" and not n.startswith(".git/")}


@pytest.fixture(scope="session")
def expected(repository, tmp_path_factory) -> dict[str, bytes]:
    home = tmp_path_factory.mktemp("expected")
    made = new(repository, home, AWKWARD)
    assert made.returncode == 0, made.stderr
    return tree(home / PROJECT)


def test_project_is_whole(expected):
    assert {"README.md", ".mlops.json", "project.toml", "terraform/modules/kms-key/main.tf"} <= set(expected)
    assert "functions/build/invoke.zip" in expected
    assert not [
        name for name in expected if "__pycache__" in name or ("/tests/" in name and name.startswith("terraform"))
    ]


@pytest.mark.parametrize("door", DOORS)
def test_cookiecutter_gives_the_project_of_mlops_new(door, repository, archive, expected, tmp_path):
    made = run(*DOORS[door](repository, archive), AWKWARD, home=tmp_path)
    assert made.returncode == 0, made.stderr
    assert tree(tmp_path / PROJECT) == expected


def test_cruft_gives_the_project_of_mlops_new(repository, expected, tmp_path):
    command = [BIN / "cruft", "create", f"file://{repository}", "--directory", "cookiecutter-mlops", "--no-input"]
    extra = json.dumps({"description": AWKWARD.partition("=")[2]})
    made = run(*command, "--extra-context", extra, home=tmp_path)
    assert made.returncode == 0, made.stderr
    assert tree(tmp_path / PROJECT) == expected


def test_cruft_update_brings_what_a_hook_copies(repository, tmp_path):
    template, project = tmp_path / "template", tmp_path / PROJECT
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    commands = [
        (["git", "clone", "-q", repository, template], tmp_path),
        ([BIN / "cruft", "create", template, "--directory", "cookiecutter-mlops", "--no-input"], tmp_path),
        (["git", "init", "-q"], project),
        (["git", "add", "-A"], project),
        ([*git, "commit", "-q", "-m", "Start"], project),
        (["sh", "-c", "echo '# newer' >> terraform-modules/kms-key/main.tf"], template),
        ([*git, "commit", "-q", "-a", "-m", "Change a module"], template),
        ([BIN / "cruft", "update", "--skip-apply-ask"], project),
    ]
    for command, cwd in commands:
        done = run(*command, home=tmp_path, cwd=cwd)
        assert done.returncode == 0, done.stderr
    changed = run("git", "status", "--porcelain", home=tmp_path, cwd=project).stdout.split()[1::2]
    assert changed == [".cruft.json", "terraform/modules/kms-key/main.tf"]


def test_installed_wheel_gives_the_project_of_mlops_new(installed, expected, tmp_path):
    command = [sys.executable, "-m", "cookiecutter_mlops", "new", "Salary Prediction", "--no-input", AWKWARD]
    made = run(*command, home=tmp_path, PYTHONPATH=str(installed))
    assert made.returncode == 0, made.stderr
    assert tree(tmp_path / PROJECT) == expected


def test_installed_wheel_holds_no_litter(installed):
    bundle = installed / "cookiecutter_mlops" / "_bundle"
    names = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.suffix != ".pyc"]
    assert "cookiecutter.json" in names and "hooks/post_gen_project.py" in names
    assert not [name for name in names if ".terraform" in name or "tfstate" in name]


BAD = ["project_slug=../escaped", "aws_region=Ireland", "owner_email=nobody", "source=github"]


@pytest.mark.parametrize("answer", BAD)
@pytest.mark.parametrize("door", ["folder", "git", "zip", "mlops"])
def test_bad_answer_gets_the_same_sentence_and_leaves_nothing(door, answer, repository, archive, tmp_path):
    made = (
        new(repository, tmp_path, answer)
        if door == "mlops"
        else run(*DOORS[door](repository, archive), answer, home=tmp_path)
    )
    assert made.returncode != 0
    assert sentence(made.stdout + made.stderr) == sentence(new(repository, tmp_path, answer).stderr)
    assert not [path for path in (*tmp_path.iterdir(), *tmp_path.parent.iterdir()) if path.name in (PROJECT, "escaped")]


def sentence(output: str) -> str:
    (line,) = {line.removeprefix("Error: ") for line in output.splitlines() if "(got: " in line}
    return line


def test_refused_hooks_give_a_project_without_modules(repository, tmp_path):
    made = run(*cookiecutter(repository, "--accept-hooks", "no"), home=tmp_path)
    assert made.returncode == 0, made.stderr
    assert not (tmp_path / PROJECT / "terraform" / "modules").exists()
