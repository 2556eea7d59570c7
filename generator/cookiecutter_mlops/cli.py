"""The `mlops` command: it makes a project and, inside one, is a convenience over the project's own scripts."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from shlex import quote

import click

from cookiecutter_mlops import __version__, answers, given
from cookiecutter_mlops.errors import MlopsError

WIDE = {"max_content_width": 120}
NEXT = """
and without an AWS account, or on AWS without the first line:
  mlops local up && eval "$(mlops local env)"
  mlops apply"""
TRAINS = """
  mlops data push {data}
  git push "$(mlops output source_clone_url)" main
  mlops status           # until a model waits for a person
  mlops approve"""
SERVES = """
  aws s3 sync MODEL/ "s3://$(mlops output models_bucket)/weights/MODEL/"
  mlops apply            # after "weights": "MODEL" in terraform/terraform.auto.tfvars.json"""

MEANT = {"down": "local down", "env": "local env", "logs": "local logs", "push": "data push", "up": "local up"}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for: generation stays fast."""

    lazy: Mapping[str, str] = {
        "account": "cookiecutter_mlops.account:account",
        "batch": "cookiecutter_mlops.watching:batch",
        "demo": "cookiecutter_mlops.demo:demo",
        "ground-truth": "cookiecutter_mlops.watching:ground_truth",
        "local": "cookiecutter_mlops.localaws.commands:local",
        "monitor": "cookiecutter_mlops.watching:monitor",
        "pause": "cookiecutter_mlops.retraining:pause",
        "resume": "cookiecutter_mlops.retraining:resume",
        "state": "cookiecutter_mlops.account:state",
        "train": "cookiecutter_mlops.retraining:train",
    }

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *self.lazy])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return _load(name, self.lazy[name]) if name in self.lazy else super().get_command(context, name)

    def resolve_command(self, context: click.Context, arguments: list[str]):
        known = self.list_commands(context)
        if arguments and arguments[0] not in known and not arguments[0].startswith("-"):
            word = arguments[0]
            hint = f"; did you mean {MEANT[word]!r}?" if word in MEANT else answers.suggestion(word, known)
            raise click.UsageError(f"{word}: there is no such command{hint}")
        return super().resolve_command(context, arguments)


def _load(name: str, where: str) -> click.Command:
    module, attribute = where.split(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("cookiecutter_mlops"):
            raise
        raise MlopsError(
            f"mlops {name}: the embedded AWS needs {error.name}; install it: pip install 'cookiecutter-mlops[local]'"
        ) from error


@click.group(cls=LazyGroup, epilog="Example: mlops new 'Salary Prediction'", context_settings=WIDE)
@click.version_option(__version__, prog_name="mlops")
def main() -> None:
    """Complete ML repositories for AWS, from one command."""


@main.command(
    epilog="Example: mlops new 'Salary Prediction' --data wages.xlsx --target wage stages=staging+prod. "
    f"Answers: {', '.join(answers.RULES)}."
)
@click.argument("project_name")
@click.argument("pairs", nargs=-1, metavar="[ANSWER=VALUE]...")
@click.option("--answers", "file", type=click.Path(path_type=Path), help="A TOML file with one line per answer.")
@click.option("--data", type=click.Path(path_type=Path), help="A table (.csv, .xlsx, …) to take the schema from.")
@click.option("--target", help="The column of --data to predict.")
@click.option("--real-sample", is_flag=True, help="Put rows of --data into the project, not synthetic ones.")
@click.option("--output-dir", type=click.Path(path_type=Path), default=Path("."), show_default=True)
@click.option("--no-input", is_flag=True, help="Take the default of every answer that is not given.")
def new(
    project_name: str,
    pairs: tuple[str, ...],
    file: Path | None,
    data: Path | None,
    target: str | None,
    real_sample: bool,
    output_dir: Path,
    no_input: bool,
) -> None:
    """Make a project called PROJECT_NAME."""
    from cookiecutter_mlops import scaffold
    from cookiecutter_mlops.project import Project

    if bool(data) != bool(target) or (real_sample and not data):
        raise click.UsageError("--data and --target belong together, for example: --data wages.xlsx --target wage")
    supplied = {**given.from_file(file), **given.from_pairs(pairs), "project_name": project_name}
    scaffold.check(supplied)
    finish = _finish_with_data(data, target, real_sample) if data and target else lambda project: None
    project = scaffold.create(supplied if no_input else given.ask(supplied), output_dir, finish)
    click.echo(f"Made {project}\n\nNext:\n  cd {quote(str(project))} && make check")
    sample = next((project / "data").glob("sample.*")).relative_to(project)
    rest = TRAINS if Project(project).answers["train"] == "true" else SERVES
    click.echo((NEXT + rest).format(data=quote(str(data.absolute() if data else sample))))


@main.group()
def data() -> None:
    """Work with the data that models are trained on."""


@data.command(epilog="Example: mlops data push wages-2026.xlsx")
@click.argument("file", type=click.Path(path_type=Path))
def push(file: Path) -> None:
    """Check FILE, or a folder of files, against project.toml and upload it as the newest data snapshot."""
    _project().run_module("pipelines.snapshot", "push", str(file.absolute()))


@main.command(epilog="Example: mlops plan")
def plan() -> None:
    """Show what Terraform would change."""
    _terraform(checked=True).plan()


@main.command(epilog="Example: mlops apply --yes")
@click.option("--yes", is_flag=True, help="Do not ask before changing an AWS account.")
def apply(yes: bool) -> None:
    """Make the project's infrastructure what its Terraform says."""
    from cookiecutter_mlops.account import apply_after_asking
    from cookiecutter_mlops.project import embedded

    apply_after_asking(_terraform(checked=True), yes or embedded())


@main.command(epilog="Example: mlops output source_clone_url")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def output(name: str | None, as_json: bool) -> None:
    """Print Terraform's outputs, or only the one called NAME: what was made, and where."""
    values = _terraform().output()
    if not values:
        raise MlopsError("There are no outputs: nothing is applied yet; run `mlops apply` first.")
    if name and name not in values:
        raise MlopsError(f"{name}: there is no such output{answers.suggestion(name, values)}")
    if as_json:
        click.echo(json.dumps(values[name] if name else values, indent=2))
        return
    for key in [name] if name else values:
        text = values[key] if isinstance(values[key], str) else json.dumps(values[key])
        click.echo(text if name else f"{key} = {text}")


@main.command(epilog="Example: mlops status")
def status() -> None:
    """Show what the pipelines do, which models there are, and which is live."""
    _project().run_module("pipelines.status")


@main.command(epilog="Example: mlops approve --version 7")
@click.option("--version", type=click.IntRange(min=1), help="A version of the model package; the newest that waits.")
def approve(version: int | None) -> None:
    """Approve a model package, or the release that waits for a person."""
    _project().run_module("pipelines.approve", *(["--version", str(version)] if version else []))


@main.command(epilog="Example: mlops rollback --to 3")
@click.option("--stage", help="Whose model to go back from; by default the last stage.")
@click.option("--to", type=click.IntRange(min=1), help="A version; by default the last good one that was live.")
def rollback(stage: str | None, to: int | None) -> None:
    """Release a model again that was live before."""
    options = (*(["--stage", stage] if stage else []), *(["--to", str(to)] if to else []))
    _project().run_module("pipelines.rollback", *options)


@main.command(epilog="Example: mlops releases --stage prod")
@click.option("--stage", help="Only this one.")
def releases(stage: str | None) -> None:
    """Show what was live in each stage, from when to when, and why."""
    _project().run_module("pipelines.releases", *(["--stage", stage] if stage else []))


@main.command(epilog="Example: mlops destroy --yes")
@click.option("--yes", is_flag=True, help="Do not ask before deleting from an AWS account.")
def destroy(yes: bool) -> None:
    """Delete what the pipelines made, then what Terraform made."""
    from cookiecutter_mlops.project import embedded

    project = _project()
    if not (yes or embedded()):
        slug = project.settings["project_slug"]
        click.confirm(f"Delete everything of {slug} in {project.settings['region']}?", abort=True)
    project.run_module("pipelines.destroy")
    _terraform().destroy()


def _project():
    from cookiecutter_mlops import project

    return project.current()


def _terraform(checked: bool = False):
    """Return the project's Terraform, perhaps only where every key of its settings is known."""
    from cookiecutter_mlops import account, tfvars

    project = _project()
    if checked:
        tfvars.check(project)
    return account.terraform_of(project)


def _finish_with_data(file: Path, target: str, real_sample: bool) -> Callable[[Path], None]:
    """Read the data before anything is made, and return what puts its schema and a sample into the project."""
    from cookiecutter_mlops import sample, schema
    from cookiecutter_mlops.data import read

    table = read(file)
    inferred = schema.infer(table, target, file.name)
    for name, reason in inferred.dropped.items():
        click.echo(f"Left out column {name!r}: it {reason}.")
    return lambda project: sample.write(project, inferred, table if real_sample else None)
