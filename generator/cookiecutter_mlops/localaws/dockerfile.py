"""As much of a Dockerfile as a bundle needs: what its target stage copies from the context, and how it starts."""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from string import Template

OUTSIDE = ".root"  # the folder of a bundle for what an image has outside of its working directory


@dataclass
class Stage:
    """One build stage with what it inherits; `copies` are (sources, absolute destination).

    `runs` are its RUN lines, `stages` those before it, which it may copy from.
    """

    name: str = ""
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    stages: dict[str, "Stage"] = field(default_factory=dict)


def read_stage(text: str, target: str | None, given: Mapping[str, str] | None = None) -> Stage:
    """Return the named stage of a Dockerfile, or its last one; `given` are the values of its build arguments."""
    stages: dict[str, Stage] = {}
    stage = before = Stage()  # `before` the first FROM there are arguments only
    for line in _lines(text):
        instruction, _, rest = line.partition(" ")
        if instruction.upper() == "FROM":
            base, *alias = re.split(r"\s+AS\s+", re.sub(r"--\S+\s+", "", rest), flags=re.IGNORECASE)
            image = Template(base.strip()).safe_substitute(before.arguments)
            stage = _inherit(stages.get(image), alias[0].strip() if alias else "")
            stage.stages = dict(stages)
            stages[stage.name or str(len(stages))] = stage
        elif instruction.upper() == "ARG":
            name, own, default = rest.partition("=")
            default = default.strip("\"'") if own else before.arguments.get(name, "")
            stage.arguments[name] = (given or {}).get(name, default)
        else:
            _apply(stage, instruction.upper(), rest.strip())
    if target and target not in stages:
        raise ValueError(f"target stage {target} could not be found; the Dockerfile has {', '.join(stages)}")
    return stages[target] if target else stage


Made = Callable[[Stage], Path]  # a folder with what a stage copies and makes


def context_files(context: Path, stage: Stage, made: Made | None = None) -> list[tuple[str, Path]]:
    """Return each file of the bundle with its name in it, sorted; the bundle's root is the stage's working directory.

    As with Docker, a file that .dockerignore keeps out of the context cannot be copied.
    """
    known = _context(context)
    files: dict[str, Path] = {}
    for sources, destination in stage.copies:
        origin = stage.stages.get(sources[0].removeprefix("--from="))
        if made and origin:
            there = _all_files(made(origin))
            sources = [str(in_bundle("/" + source.lstrip("/"), origin.workdir)) for source in sources[1:]]
        for source in sources:
            place = there if made and origin else known
            files.update(_copied(place, source, destination, len(sources) > 1, stage.workdir))
    return sorted(files.items())


def in_bundle(place: str, workdir: str) -> PurePosixPath:
    """Return where a bundle holds a place of the image: below its working directory, or beside that."""
    path = PurePosixPath(_absolute(place, workdir))
    if workdir != "/" and path.is_relative_to(workdir):
        return path.relative_to(workdir)
    return OUTSIDE / path.relative_to("/")


def _lines(text: str) -> Iterator[str]:
    """Yield the instructions: without comments, continued lines joined."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    for line in joined.splitlines():
        if line.strip():
            yield re.sub(r"\s+", " ", line.strip())


def _inherit(base: Stage | None, name: str) -> Stage:
    if base is None:
        return Stage(name)
    environment, labels = {**base.environment}, {**base.labels}
    copies, runs = [*base.copies], [*base.runs]
    return replace(base, name=name, arguments={}, environment=environment, labels=labels, copies=copies, runs=runs)


def _apply(stage: Stage, instruction: str, rest: str) -> None:
    value = Template(rest).safe_substitute(stage.arguments | stage.environment)
    if instruction == "WORKDIR":
        stage.workdir = str(PurePosixPath(stage.workdir) / value)
    elif instruction == "ENTRYPOINT":
        stage.entrypoint, stage.command = _command(rest), []
    elif instruction == "CMD":
        stage.command = _command(rest)
    elif instruction == "ENV":
        stage.environment.update(_pairs(value))
    elif instruction == "LABEL":
        stage.labels.update(_pairs(value))
    elif instruction == "RUN":
        stage.runs.append(value)
    elif instruction in ("COPY", "ADD"):
        words = json.loads(value) if value.startswith("[") else value.split(" ")
        # --from stays among the sources, to be refused when a bundle is made of this stage.
        *sources, destination = [word for word in words if not re.match(r"--(?!from)", word)]
        if mode := re.search(r"--chmod=(\S+)", value):
            stage.runs.append(f"chmod {mode[1]} {destination}")
        stage.copies.append((sources, _absolute(destination, stage.workdir)))


def _pairs(text: str) -> dict[str, str]:
    """Read `A=1 B="two words"`, or the old form `A one value`."""
    words = shlex.split(text)
    if "=" not in words[0]:
        return {words[0]: text.partition(" ")[2]}
    return dict(word.split("=", 1) for word in words)


def _command(rest: str) -> list[str]:
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


def _copied(known: dict[str, Path], source: str, destination: str, many: bool, workdir: str) -> dict[str, Path]:
    """Return the files of one source of a COPY by their names in the bundle, by Docker's rules for slashes."""
    if source.startswith("--from"):
        raise ValueError(f"COPY {source}: a bundle holds files of the context and of this file's stages, not of images")
    wanted, below = str(PurePosixPath(source.lstrip("/"))), in_bundle(destination, workdir)
    pattern = re.compile("" if wanted == "." else f"{_regex(wanted)}(?:/|$)")
    into = destination.endswith("/") or below == PurePosixPath(".")
    found = {}
    for name, path in known.items():
        if match := pattern.match(name):
            inside = name[match.end() :]  # of a copied folder, only what is in it
            single = PurePosixPath(name).name if many or into else ""
            found[str(below / (inside or single))] = path
    if not found:
        raise ValueError(f"COPY {source}: there is no such file in the context, or .dockerignore keeps it out")
    return found


def _absolute(destination: str, workdir: str) -> str:
    """Return a destination as it is in the image; a slash at its end says that it is a folder."""
    is_folder = destination.endswith("/") or PurePosixPath(destination).name in ("", ".", "..")
    return os.path.normpath(PurePosixPath(workdir) / destination).rstrip("/") + ("/" if is_folder else "")


def _context(context: Path) -> dict[str, Path]:
    """Return the files that Docker would send, by their names."""
    file = context / ".dockerignore"
    lines = [line.strip() for line in file.read_text().splitlines()] if file.exists() else []
    rules = [_rule(line) for line in lines if line and not line.startswith("#")]
    return {name: path for name, path in _all_files(context).items() if not _is_ignored(name, rules)}


def _all_files(root: Path) -> dict[str, Path]:
    paths = (Path(folder, name) for folder, _, files in os.walk(root) for name in files)
    return {path.relative_to(root).as_posix(): path for path in paths}


def _rule(line: str) -> tuple[re.Pattern[str], bool]:
    """Return what a line of .dockerignore matches (a file, or a folder above it), and whether it ignores."""
    wanted = str(PurePosixPath(line.removeprefix("!").strip().lstrip("/")))
    return re.compile(f"{_regex(wanted)}(?:/|$)"), not line.startswith("!")


def _is_ignored(name: str, rules: list[tuple[re.Pattern[str], bool]]) -> bool:
    """Apply the rules in order: the last one that matches decides."""
    return next((ignores for pattern, ignores in reversed(rules) if pattern.match(name)), False)


def _regex(pattern: str) -> str:
    """Translate Docker's pattern: `*` and `?` stay within a name, `**` crosses folders."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(parts.get(word, re.escape(word)) for word in words)
