"""What the documents say can be followed: every link leads somewhere, every command, option and target is there."""

import re
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from cookiecutter_mlops import cli

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "cookiecutter-mlops"
PROJECT, USE_CASES = TEMPLATE / "{{cookiecutter.project_slug}}", TEMPLATE / "use-cases"
OURS = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "terraform-modules").rglob("*.md"),
    ]
)
PROJECTS = sorted([*PROJECT.rglob("*.md"), *USE_CASES.rglob("*.md")])


def named(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


each_document = pytest.mark.parametrize("document", [*OURS, *PROJECTS], ids=named)


def snippets(document: Path) -> list[str]:
    """Lines of code blocks, and what is between backticks."""
    outside = re.sub(r"```.*?```", "", text := document.read_text(), flags=re.DOTALL)
    inside = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [*inside, *re.findall(r"`([^`]+)`", outside)]


def anchors(document: Path) -> set[str]:
    """Names that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def places(document: Path) -> list[Path]:
    """Folders from which a relative link may lead on: of a project, the common files and those of a use case."""
    if document in OURS:
        return [document.parent]
    parts = document.relative_to(TEMPLATE).parts[:-1]
    if parts[0] == PROJECT.name:
        return [document.parent, *(each / Path(*parts[1:]) for each in USE_CASES.iterdir())]
    return [document.parent, PROJECT / Path(*parts[2:])]


@each_document
def test_relative_link_leads_somewhere(document):
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL))
    for link in links:
        path, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        found = [place / path if path else document for place in places(document) if (place / path).exists()]
        assert found, link
        assert not anchor or anchor in anchors(found[0]), link


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words name, and what follows them."""
    command: click.Command = cli.main
    while isinstance(command, click.Group) and words:
        with click.Context(command) as context:
            following = command.get_command(context, words[0])
        assert following, f"mlops {' '.join(words)}"
        command, words = following, words[1:]
    return command, words


@each_document
def test_command_and_its_options_are_there(document):
    for snippet in snippets(document):
        for said in re.findall(r"\bmlops((?: +(?:[a-z][\w-]*|--[a-z-]+|[A-Z]+\b|\"[^\"]*\"))+)", snippet):
            command, following = command_of(re.findall(r"\"[^\"]*\"|\S+", said))
            options = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
            assert {word for word in following if word.startswith("--")} <= {*options, "--help"}, said


def targets(folder: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (folder / "Makefile").read_text(), re.MULTILINE))


@each_document
def test_target_of_make_is_there(document):
    known = targets(PROJECT) if document in PROJECTS else targets(PROJECT) | targets(REPOSITORY)
    for snippet in snippets(document):
        assert set(re.findall(r"\bmake ([a-z][a-z-]*)", snippet)) <= known, snippet


@pytest.mark.parametrize("document", PROJECTS, ids=named)
def test_module_that_a_project_runs_is_there(document):
    for module in re.findall(r"python -m ([a-z_.]+)", document.read_text()):
        folders = [PROJECT, *USE_CASES.iterdir()]
        assert any((folder / f"{module.replace('.', '/')}.py").exists() for folder in folders), module
