"""Terraform's life of many resources, step by step, read from its JSON log: what worked, by type of resource."""

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cookiecutter_mlops.terraform import provider_mirror
from tests.localaws.conftest import REGION, Aws

CHANGED = "-var=generation=2"
# What is known is not read again before a change: the plan before it just did that.
STEPS = {
    "apply": ["apply", "-auto-approve"],
    "second plan": ["plan"],
    "change": ["apply", "-auto-approve", "-refresh=false", CHANGED],
    "third plan": ["plan", CHANGED],
    "destroy": ["destroy", "-auto-approve", "-refresh=false", CHANGED],
}
Run = Callable[..., tuple[int, str]]
_BLOCK = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.M)


@dataclass
class Step:
    """What one run of Terraform did: its actions and its errors, by type of resource."""

    actions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    errors: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def terraform(aws: Aws, source: Path, folder: Path, **settings: str) -> Run:
    """Return a function that runs Terraform on a copy of a configuration and gives its exit code and output.

    It gets environment variables only: those that point at the embedded AWS, and `settings`.
    """
    shutil.copytree(source, folder)
    known = {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": REGION}
    known |= {"AWS_ACCESS_KEY_ID": "embedded-aws", "AWS_SECRET_ACCESS_KEY": "embedded-aws"}

    def run(*arguments: str) -> tuple[int, str]:
        command = ["terraform", *arguments, "-no-color", "-input=false"]
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        result = subprocess.run(command, cwd=folder, env=os.environ | known | settings, **options)
        return result.returncode, result.stdout

    mirror = provider_mirror()
    code, output = run("init", *([f"-plugin-dir={mirror}"] if mirror else []))
    assert code == 0, output
    return run


def live(run: Run) -> dict[str, Step]:
    """Take all resources through every step; a step that fails for some does not keep the rest from the next one."""
    return {name: _read(run(*arguments, "-json", "-parallelism=40")[1]) for name, arguments in STEPS.items()}


def declared(folder: Path, kind: str) -> set[str]:
    """Return the types of the `resource` or `data` blocks of a folder."""
    blocks = (block for path in folder.glob("*.tf") for block in _BLOCK.findall(path.read_text()))
    return {type_name for what, type_name, _ in blocks if what == kind}


def table(types: Iterable[str], steps: dict[str, Step]) -> dict[str, dict[str, str]]:
    """Return, for each type, what each step did with it: `ok`, `none` where nothing changed, or what went wrong."""
    return {name: {step: _cell(name, step, steps[step]) for step in steps} for name in sorted(types)}


def is_whole(row: dict[str, str]) -> bool:
    return all(cell in ("ok", "replaced", "none") for cell in row.values())


def document(rows: dict[str, dict[str, str]], data_sources: set[str]) -> str:
    """Return docs/coverage.md: the table, and what was read besides."""
    whole = sum(map(is_whole, rows.values()))
    head = ["resource", *STEPS]
    lines = [
        _INTRODUCTION.format(whole=whole, count=len(rows), sources=", ".join(f"`{n}`" for n in sorted(data_sources)))
    ]
    lines += [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| `{name}` | {' | '.join(row.values())} |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """\
# Terraform on the embedded AWS, type by type

Each type of resource that a machine learning project uses goes through five steps, with the attributes of
`tests/localaws/terraform/*.tf`: apply, a second plan that must be empty, a change, a third plan that must be empty,
destroy. One configuration holds all of them, with `default_tags`, a second region, a second account (an assumed role)
and six imports; Terraform gets environment variables and no word about the embedded AWS. {whole} of {count} types are
whole.

*replaced*: Terraform cannot change it in place, here as on AWS. *none*: nothing of it can be changed. What each service
does beyond keeping its resources is in [embedded-aws.md](embedded-aws.md); `mlops local coverage` counts operations.

Read besides: {sources}.

This page is made by `UPDATE_DOCS=1 pytest tests/localaws/test_terraform.py`, and a stale one fails there.
"""


def _cell(type_name: str, name: str, step: Step) -> str:
    actions = step.actions[type_name]
    if error := step.errors.get(type_name):
        called = re.search(r"operation error [^:]+: (\w+)", error)
        return f"**fails**{f' in {called[1]}' if called else ''}"
    if "plan" in name:
        return f"**drift**: {', '.join(sorted(actions))}" if actions else "ok"
    if name == "change":
        return "ok" if "update" in actions else "replaced" if actions else "none"
    return "ok" if actions else "**not reached**"


def _read(log: str) -> Step:
    step = Step()
    for event in _events(log):
        kind = event.get("type")
        if kind == "planned_change" and event["change"]["action"] not in ("read", "import"):
            step.actions[event["change"]["resource"]["resource_type"]].add(event["change"]["action"])
        elif kind == "diagnostic" and event["diagnostic"]["severity"] == "error":
            _take_error(step, event["diagnostic"])
    return step


def _take_error(step: Step, diagnostic: dict[str, Any]) -> None:
    text = " ".join(f"{diagnostic['summary']} {diagnostic.get('detail', '')}".split())
    step.said.append(f"{diagnostic.get('address', '')}: {text}")
    for part in diagnostic.get("address", "").split("."):
        if part.startswith("aws_"):
            step.errors[part] = text[:200]
            return


def _events(log: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
