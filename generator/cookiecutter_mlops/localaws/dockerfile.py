"""As much of a Dockerfile as a bundle needs: what its target stage copies from the context, and how it starts."""

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass
class Stage:
    """One build stage with what it inherits; `copies` are (sources, destination) below the working directory."""

    name: str = ""
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[list[str], str]] = field(default_factory=list)


def read_stage(text: str, target: str | None) -> Stage:
    """Return the named stage of a Dockerfile, or its last one."""
    stages: dict[str, Stage] = {}
    stage = Stage()
    for line in _lines(text):
        instruction, _, rest = line.partition(" ")
        if instruction.upper() == "FROM":
            base, *alias = re.split(r"\s+AS\s+", re.sub(r"--\S+\s+", "", rest), flags=re.IGNORECASE)
            stage = _inherit(stages.get(base.strip()), alias[0].strip() if alias else "")
            stages[stage.name or str(len(stages))] = stage
        else:
            _apply(stage, instruction.upper(), rest.strip())
    if target and target not in stages:
        raise ValueError(f"target stage {target} could not be found; the Dockerfile has {', '.join(stages)}")
    return stages[target] if target else stage


def context_files(context: Path, stage: Stage) -> Iterator[tuple[str, Path]]:
    """Yield each file of the bundle with its name in it, sorted; the bundle's root is the stage's working directory."""
    ignored = _ignore_rules(context)
    files = {}
    for sources, destination in stage.copies:
        for source in sources:
            files.update(dict(_copied(context, source, destination, len(sources) > 1, stage.workdir)))
    for inside, file in sorted(files.items()):
        if not _is_ignored(file.relative_to(context).as_posix(), ignored):
            yield inside, file


def _lines(text: str) -> Iterator[str]:
    """Yield the instructions: without comments, continued lines joined."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    for line in joined.splitlines():
        if line.strip():
            yield re.sub(r"\s+", " ", line.strip())


def _inherit(base: Stage | None, name: str) -> Stage:
    if base is None:
        return Stage(name)
    return Stage(name, base.workdir, [*base.entrypoint], [*base.command], dict(base.environment), [*base.copies])


def _apply(stage: Stage, instruction: str, rest: str) -> None:
    if instruction == "WORKDIR":
        stage.workdir = str(PurePosixPath(stage.workdir) / rest)
    elif instruction == "ENTRYPOINT":
        stage.entrypoint = _command(rest)
    elif instruction == "CMD":
        stage.command = _command(rest)
    elif instruction == "ENV":
        stage.environment.update(pair.split("=", 1) for pair in re.findall(r"\w+=(?:\"[^\"]*\"|\S*)", rest))
    elif instruction in ("COPY", "ADD") and "--from=" not in rest:
        *sources, destination = re.sub(r"--\S+\s+", "", rest).split(" ")
        stage.copies.append((sources, destination))


def _command(rest: str) -> list[str]:
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


def _copied(context: Path, source: str, destination: str, many: bool, workdir: str) -> Iterator[tuple[str, Path]]:
    """Yield (name in the bundle, file) for one source of a COPY, by Docker's rules for trailing slashes."""
    found = sorted(context.glob(source.rstrip("/"))) if source not in (".", "./") else [context]
    if not found:
        raise ValueError(f"COPY {source}: there is no such file in the context")
    below = _relative(destination, workdir)
    for path in found:
        if path.is_dir():
            for file in (f for f in path.rglob("*") if f.is_file()):
                yield str(below / file.relative_to(path)), file
        elif many or destination.endswith(("/", ".")):
            yield str(below / path.name), path
        else:
            yield str(below), path


def _relative(destination: str, workdir: str) -> PurePosixPath:
    """Return a destination below the working directory; a bundle holds nothing else."""
    try:
        return (PurePosixPath(workdir) / destination).relative_to(workdir)
    except ValueError:
        raise ValueError(f"COPY … {destination}: a bundle only holds files below WORKDIR {workdir}") from None


def _ignore_rules(context: Path) -> list[str]:
    file = context / ".dockerignore"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_ignored(name: str, rules: list[str]) -> bool:
    """Apply the rules in order: the last one that matches the file or a folder above it decides."""
    ignored = False
    for rule in rules:
        pattern = rule.removeprefix("!").strip("/")
        if any(_matches(part, pattern) for part in (name, *map(str, PurePosixPath(name).parents))):
            ignored = not rule.startswith("!")
    return ignored


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatch(part, pattern[3:]) for part in (name, PurePosixPath(name).name))
    return name.count("/") == pattern.count("/") and fnmatch.fnmatch(name, pattern)
