"""Buildspecs of version 0.2, read strictly: what this CodeBuild cannot do is refused before anything runs.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed

PHASES = ("install", "pre_build", "build", "post_build")
KNOWN = {
    "buildspec": {"version", "env", "phases", "reports", "artifacts", "cache", "batch"},
    "env": {
        "shell",
        "variables",
        "parameter-store",
        "secrets-manager",
        "exported-variables",
        "git-credential-helper",
    },
    "phases": set(PHASES),
    "a phase": {"runtime-versions", "commands", "finally", "on-failure"},
    "a report": {"files", "base-directory", "file-format", "discard-paths"},
    "artifacts": {"files", "base-directory", "discard-paths", "exclude-paths", "name"},
}
# What changes nothing here, with the line that says so in the log of a build whose buildspec has it.
WITHOUT_EFFECT = {
    "cache": "cache is passed over: builds find what this machine has.",
    "batch": "batch is passed over: it is for StartBuildBatch, which the embedded AWS does not implement.",
    "runtime-versions": "runtime-versions is passed over: the programs of this machine run.",
}
REPORTS = ("JUNITXML", "COBERTURAXML")


@dataclass(frozen=True)
class Phase:
    """Commands, commands that always follow them, and whether the next phase runs after a failure."""

    commands: list[str] = field(default_factory=list)
    finally_: list[str] = field(default_factory=list)
    carries_on: bool = True


@dataclass(frozen=True)
class Files:
    """Files to collect: globs below a folder of the source."""

    patterns: list[str]
    base: str = "."
    flat: bool = False
    excluded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """Files that tell how tests went, or what they covered: `kind` is one of REPORTS."""

    files: Files
    kind: str


@dataclass(frozen=True)
class Buildspec:
    """What a buildspec says, with the defaults filled in."""

    shell: str
    variables: dict[str, str]
    parameters: dict[str, str]
    secrets: dict[str, str]
    exported: list[str]
    phases: dict[str, Phase]
    reports: dict[str, Report]
    artifacts: Files | None
    remarks: list[str]


def load(declared: str | None, source: Path) -> Buildspec:
    """Read the buildspec that a project declares: inline, or a path in the source, by default buildspec.yml."""
    if declared and "\n" in declared.strip():
        return parse(declared, "the project's buildspec")
    name = declared or "buildspec.yml"
    file = source / name
    if not file.resolve().is_relative_to(source.resolve()) or not file.is_file():
        raise BuildFailed(f"{name}: the source holds no such buildspec.", "YAML_FILE_ERROR")
    return parse(file.read_text(), name)


def parse(text: str, name: str) -> Buildspec:
    """Return a buildspec, or raise BuildFailed with a sentence that says what is wrong with it."""
    import yaml

    try:
        document = yaml.safe_load(text)
        return _buildspec(_mapping(document, "buildspec"))
    except yaml.YAMLError as error:
        raise BuildFailed(f"{name}: is not YAML: {' '.join(str(error).split())}", "YAML_FILE_ERROR") from None
    except ValueError as error:
        raise BuildFailed(f"{name}: {error}", "YAML_FILE_ERROR") from None


def _buildspec(document: dict[str, Any]) -> Buildspec:
    if str(document.get("version")) != "0.2":
        raise ValueError(f"version must be 0.2, got {document.get('version')!r}")
    env, phases = _mapping(document.get("env"), "env"), _mapping(document.get("phases"), "phases")
    if not phases:
        raise ValueError("phases must name at least one phase, for example build")
    shell = str(env.get("shell", "sh")).removeprefix("/bin/")
    if shell not in ("sh", "bash"):
        raise ValueError(f"env.shell must be sh or bash, got {shell!r}")
    artifacts = _mapping(document.get("artifacts"), "artifacts")
    return Buildspec(
        shell=shell,
        variables={key: _text(value) for key, value in (env.get("variables") or {}).items()},
        parameters=dict(env.get("parameter-store") or {}),
        secrets=dict(env.get("secrets-manager") or {}),
        exported=[_variable(value) for value in env.get("exported-variables") or []],
        phases={key: _phase(key, phases.get(key)) for key in PHASES},
        reports={key: _report(value) for key, value in (document.get("reports") or {}).items()},
        artifacts=_files(artifacts) if artifacts else None,
        remarks=[
            said for key, said in WITHOUT_EFFECT.items() if key in document or key in (phases.get("install") or {})
        ],
    )


def _phase(name: str, document: Any) -> Phase:
    declared = _mapping(document, "a phase")
    # By default post_build runs after a failed build, and artifacts are collected after a failed post_build.
    on_failure = declared.get("on-failure", "CONTINUE" if name in ("build", "post_build") else "ABORT")
    if on_failure not in ("ABORT", "CONTINUE"):
        raise ValueError(f"phases.{name}.on-failure must be ABORT or CONTINUE here, got {on_failure!r}")
    commands, last = (_commands(f"phases.{name}.{key}", declared.get(key)) for key in ("commands", "finally"))
    return Phase(commands, last, on_failure == "CONTINUE")


def _commands(where: str, declared: Any) -> list[str]:
    commands = declared if isinstance(declared, list) else [] if declared is None else [declared]
    for command in commands:
        if not isinstance(command, str):
            raise ValueError(f"{where} must be texts, got {command!r}; put a command with a colon in quotes")
    return commands


def _report(document: Any) -> Report:
    declared = _mapping(document, "a report")
    kind = declared.get("file-format", "JUNITXML")
    if str(kind).upper() not in REPORTS:
        raise ValueError(f"file-format of a report must be {' or '.join(REPORTS)} here, got {kind!r}")
    return Report(_files(declared), kind.upper())


def _files(declared: dict[str, Any]) -> Files:
    patterns = _texts(declared.get("files"))
    if not patterns:
        raise ValueError("files must list at least one path, for example '**/*'")
    flat = declared.get("discard-paths") in (True, "yes")
    return Files(patterns, str(declared.get("base-directory", ".")), flat, _texts(declared.get("exclude-paths")))


def _texts(declared: Any) -> list[str]:
    return [str(one) for one in declared] if isinstance(declared, list) else [] if declared is None else [str(declared)]


def _mapping(document: Any, kind: str) -> dict[str, Any]:
    """Return a part of the buildspec, which holds nothing that this CodeBuild would pass over."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ValueError(f"{kind} must be a mapping, got {document!r}")
    if unknown := sorted(str(key) for key in set(document) - KNOWN[kind]):
        raise ValueError(f"the embedded AWS does not execute {', '.join(unknown)} in {kind}")
    return document


def _variable(name: Any) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
        raise ValueError(f"env.exported-variables must be names such as IMAGE_URI, got {name!r}")
    return str(name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
