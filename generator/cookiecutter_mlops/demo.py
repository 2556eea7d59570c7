"""`mlops demo`: the whole loop on this laptop, from one command to a served prediction, with nothing of AWS.

It types the commands that a person would type and shows what each one led to and how long it took.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

import click
from rich.console import Console

from cookiecutter_mlops import answers, watch
from cookiecutter_mlops.data import KINDS
from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.loop import LoopProject
from cookiecutter_mlops.project import RECORD

# These end with the provider's own clock: it waits for AWS to settle, which no emulator can shorten.
WAITING = ("aws_s3_bucket_lifecycle_configuration", "aws_sqs_queue", "aws_kms_key")
BESIDE = ("step", "seconds", "answer")  # what a step says outside of its brackets
COMPLETE = re.compile(r"^(\S+): Creation complete after (?:(\d+)m)?(\d+)s", re.MULTILINE)


@dataclass
class Demo:
    """The demo's console, its project and the facts it collects."""

    folder: Path
    name: str
    console: Console
    facts: dict = field(default_factory=lambda: {"steps": []})
    project: LoopProject = field(init=False)

    def __post_init__(self) -> None:
        self.project = LoopProject(self.folder / self.name.lower().replace(" ", "-"), self.show)

    @contextmanager
    def step(self, title: str, command: str = "") -> Iterator[dict]:
        """Show a title, then what the step put into its facts and the seconds it took."""
        self.console.print(f"\n[bold]{title}[/bold]" + (f"   [dim]$ {command}[/dim]" if command else ""))
        facts: dict = {"step": title}
        started = time.monotonic()
        yield facts
        facts["seconds"] = round(time.monotonic() - started, 1)
        self.facts["steps"].append(facts)
        told = {name.replace("_", " "): shortened(value) for name, value in facts.items() if name not in BESIDE}
        details = ", ".join(f"{name}: {text}" for name, text in told.items())
        self.console.print(f"  [green]done[/green] in {facts['seconds']} s" + (f"  ({details})" if details else ""))
        if "answer" in facts:
            self.console.print(readable(facts["answer"]), markup=False)

    def show(self, action: watch.Action) -> None:
        """Show one action of a pipeline whenever its status changes."""
        if action.status == "InProgress":
            return
        colour = {"Succeeded": "green", "Failed": "red"}.get(action.status, "yellow")
        self.console.print(f"  {action.stage:<16} [{colour}]{action.status}[/{colour}] after {action.seconds:.1f} s")
        self.facts.setdefault("stages", []).append(
            {"stage": action.stage, "status": action.status, "seconds": round(action.seconds, 1)}
        )

    def expect(self, status: str, pipeline: str) -> None:
        if status != "Succeeded":
            self.console.print(self.project.logs())
            raise MlopsError(f"{pipeline}: the execution ended as {status}; its log is above.")


def shortened(value: object, longest: int = 400) -> str:
    """Return a value as text that does not fill the screen."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"


def readable(value: object) -> str:
    """Return a request or an answer as a person reads it: a member a line, long lists and texts cut."""
    from rich.pretty import pretty_repr

    return indent(pretty_repr(_opened(value), max_width=110, indent_size=2, max_length=6, max_string=100), "    ")


def _opened(value: object) -> object:
    """Return a value with the texts in it that are JSON objects as what they hold."""
    if isinstance(value, dict):
        return {key: _opened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_opened(inner) for inner in value]
    with suppress(ValueError):
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    return value


@click.command(epilog="Example: mlops demo --data workers.xlsx --target wage --json facts.json")
@click.option("--data", type=click.Path(path_type=Path), help="Your own table (.xlsx, .csv, …) instead of the sample.")
@click.option("--target", help="The column of --data to predict.")
@click.option(
    "--use-case",
    type=click.Choice(answers.CHOICES["use_case"]),
    default="tabular",
    show_default=True,
    help="What the project learns from.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write what happened as JSON.")
@click.option("--keep", is_flag=True, help="Leave the project and its embedded AWS running.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".mlops/demo"), show_default=True)
def demo(
    data: Path | None, target: str | None, use_case: str, json_file: Path | None, keep: bool, folder: Path
) -> None:
    """Run the whole loop on this laptop: generate, apply, push, train, gate, approve, release, predict."""
    if bool(data) != bool(target):
        raise click.UsageError(
            "--data and --target belong together, for example --data workers.xlsx --target wage "
            "(with make: DATA=workers.xlsx TARGET=wage)"
        )
    if data and use_case != "tabular":
        raise click.UsageError(f"--data makes a project of tables; leave it out to see {use_case} on its own sample.")
    if data and not data.is_file():
        raise MlopsError(f"{data}: there is no such file; give a {KINDS} file.")
    if not shutil.which("terraform"):
        raise MlopsError("terraform: the demo applies real Terraform, and none is on PATH; install Terraform 1.9+.")
    run = Demo(folder.resolve(), _name(use_case, data), Console(highlight=False, soft_wrap=True))
    make_room(run.project.path)
    started = time.monotonic()
    try:
        _prepare(run, data and data.resolve(), target, use_case)
        _train_and_release(run, data and data.resolve())
        _predict(run)
    except TimeoutError as error:
        raise MlopsError(f"{error}; is this machine busy? Try again (KEEP=1 leaves it running, to look on).") from error
    finally:
        if not keep:
            run.project.down()
    run.facts["seconds"] = round(time.monotonic() - started, 1)
    if json_file:
        json_file.write_text(json.dumps(run.facts, indent=2) + "\n")
    _what_next(run, keep, use_case)


def _name(use_case: str, data: Path | None) -> str:
    if use_case != "tabular":
        return use_case.replace("-", " ").title()
    return "Own Prediction" if data else "Salary Prediction"


def make_room(project: Path) -> None:
    """Stop what earlier demos left running, and take the same demo's project away; MlopsError where work is in it."""
    if project.exists() and not _as_generated(project):
        raise MlopsError(
            f"{project}: holds work that a new demo would delete (commits, changes, or files of another kind); "
            "move it away, or give another folder: mlops demo --folder other (with make: FOLDER=other)"
        )
    for record in project.parent.glob(f"*/{RECORD}"):
        LoopProject(record.parent).down()
    if project.exists():
        shutil.rmtree(project)


def _as_generated(project: Path) -> bool:
    """Whether a folder is a project with its first commit and nothing else."""
    if not (project / RECORD).is_file() or not (project / ".git").is_dir():
        return False

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=project, capture_output=True, text=True).stdout.strip()

    return git("rev-list", "--count", "--all") == "1" and not git("status", "--porcelain")


def _prepare(run: Demo, data: Path | None, target: str | None, use_case: str) -> None:
    """Generate the project, start the embedded AWS and apply Terraform."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with run.step("Generate the project", f"mlops new '{run.name}'") as facts:
        new = ["new", run.name, "--no-input", "--output-dir", str(run.folder), "stages=prod", f"use_case={use_case}"]
        new += ["--data", str(data), "--target", str(target)] if data else []
        said = LoopProject(run.folder).mlops(*new).stdout
        run.console.print("".join(f"  {line}\n" for line in said.splitlines() if line.startswith("Left out")), end="")
        facts["files"] = len(run.project.run("git", "ls-files").stdout.splitlines())
    with run.step("Install the project's requirements (once per machine)", "make install"):
        environment(run.project.path, lambda line: run.console.print(f"  {line}"))
    with run.step("Start the embedded AWS", "mlops local up") as facts:
        run.project.up()
        facts["endpoint"] = run.project.environment["AWS_ENDPOINT_URL"]
    with run.step("Apply the project's Terraform", "mlops apply") as facts:
        facts.update(applied(run.project.mlops("apply").stdout))


def applied(output: str) -> dict:
    """Return the number of resources in Terraform's output and the seconds its provider only waited.

    The waits run in parallel, so what they cost is how much longer the slowest of them took than the slowest
    resource that does not wait.
    """
    seconds = {address: int(minutes or 0) * 60 + int(rest) for address, minutes, rest in COMPLETE.findall(output)}
    waits = {a: s for a, s in seconds.items() if any(f".{kind}." in f".{a}" for kind in WAITING)}
    others = max((s for a, s in seconds.items() if a not in waits), default=0)
    return {"resources": len(seconds), "provider_waits_seconds": max(0, max(waits.values(), default=0) - others)}


def _train_and_release(run: Demo, data: Path | None) -> None:
    """Upload a first snapshot, push, and take the model through gate and approval to its endpoint."""
    snapshot = data or next((run.project.path / "data").glob("sample.*"))
    with run.step("Upload a first data snapshot", f"mlops data push {snapshot.name}"):
        run.project.mlops("data", "push", str(snapshot))
    with run.step("Push: check, package, train, gate, register", "git push"):
        run.expect(run.project.train(), run.project.outputs["train_pipeline"])
    package = run.project.packages()[0]
    run.facts["model"] = dict(package["CustomerMetadataProperties"])
    model = run.facts["model"]
    run.console.print(f"  {model['metric']} {float(model['value']):.4g}, baseline {float(model['baseline']):.4g}")
    run.console.print(f"  gate: {package.get('ApprovalDescription', package['ModelApprovalStatus'])}")
    with run.step("Approve: deploy, verify", "mlops approve"):
        run.expect(run.project.approve(), run.project.outputs["release_pipeline"])


def _predict(run: Demo) -> None:
    """Ask the new endpoint for one prediction, through the Lambda and through the SageMaker runtime."""
    request = run.project.recorded_request()
    run.console.print("\n[bold]A request, as the model's training recorded it[/bold]")
    run.console.print(readable(request), markup=False)
    with run.step("Ask the Lambda", "aws lambda invoke …") as facts:
        facts["answer"] = run.project.invoke_function(request)
    if place := facts["answer"].get("output_location"):  # an asynchronous endpoint answers later
        with run.step("Wait for the answer", f"aws s3 cp {place} -") as facts:
            facts["answer"] = run.project.wait_for_object(place)
        return
    with run.step("Ask the endpoint", "aws sagemaker-runtime invoke-endpoint …") as facts:
        facts["answer"] = run.project.invoke_endpoint(request)


def _what_next(run: Demo, keep: bool, use_case: str) -> None:
    where = run.project.path
    run.console.print(f"\n[bold]The loop is closed[/bold] in {run.facts['seconds']} s. The project is in {where}")
    if keep:
        found = "" if shutil.which("mlops") else f'export PATH="{Path(sys.executable).parent}:$PATH" && '
        run.console.print(f'It still runs:  cd "{where}" && {found}eval "$(mlops local env)"')
        run.console.print('Change training/model.py, commit, `git push "$(mlops output source_clone_url)" main`,')
        run.console.print("and watch `mlops local logs --follow`. Stop it with `mlops local down`.")
    elif use_case == "tabular":
        run.console.print("Your own data:   make demo DATA=path/to/file.xlsx TARGET=column")
        run.console.print("Keep it running: make demo KEEP=1")
    else:
        run.console.print("Your own data:   docs/use-case.md in it says how it has to look")
        run.console.print(f"Keep it running: make demo USE_CASE={use_case} KEEP=1")
