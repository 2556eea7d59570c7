"""The `mlops` command: it makes a project and, inside one, is a convenience over the project's own scripts."""

import json
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

import click

from cookiecutter_mlops import __version__, answers
from cookiecutter_mlops.errors import MlopsError

WIDE = {"max_content_width": 120}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for: generation stays fast."""

    lazy: Mapping[str, str] = {
        "demo": "cookiecutter_mlops.demo:demo",
        "local": "cookiecutter_mlops.localaws.commands:local",
    }

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *self.lazy])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return _load(name, self.lazy[name]) if name in self.lazy else super().get_command(context, name)

    def resolve_command(self, context: click.Context, arguments: list[str]):
        known = self.list_commands(context)
        if arguments and arguments[0] not in known and not arguments[0].startswith("-"):
            raise click.UsageError(f"{arguments[0]}: there is no such command{answers.suggestion(arguments[0], known)}")
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


@main.command(epilog="Example: mlops new 'Salary Prediction' --data wages.xlsx --target wage stages=staging+prod")
@click.argument("project_name")
@click.argument("pairs", nargs=-1, metavar="[ANSWER=VALUE]...")
@click.option("--answers", "file", type=click.Path(path_type=Path), help="A TOML file with one line per answer.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="A spreadsheet, .csv or .parquet to take the schema from."
)
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

    if bool(data) != bool(target) or (real_sample and not data):
        raise click.UsageError("--data and --target belong together, for example: --data wages.xlsx --target wage")
    given = {**_from_file(file), **_from_pairs(pairs), "project_name": project_name}
    scaffold.check(given)
    finish = _finish_with_data(data, target, real_sample) if data and target else lambda project: None
    project = scaffold.create(given if no_input else _ask(given), output_dir, finish)
    click.echo(f"Made {project}\n\nNext, without an AWS account:\n  cd {project}")
    click.echo('  mlops local up && eval "$(mlops local env)"\n  mlops apply')


@main.group()
def data() -> None:
    """Work with the data that models are trained on."""


@data.command(epilog="Example: mlops data push wages-2026.xlsx")
@click.argument("file", type=click.Path(path_type=Path))
def push(file: Path) -> None:
    """Check FILE against project.toml and upload it as the newest data snapshot."""
    _project().run_module("pipelines.snapshot", "push", str(file.absolute()))


@main.command(epilog="Example: mlops plan")
def plan() -> None:
    """Show what Terraform would change."""
    _terraform().plan()


@main.command(epilog="Example: mlops apply --yes")
@click.option("--yes", is_flag=True, help="Do not ask before changing an AWS account.")
def apply(yes: bool) -> None:
    """Make the project's infrastructure what its Terraform says."""
    from cookiecutter_mlops.project import embedded

    terraform = _terraform()
    if yes or embedded():
        terraform.apply()
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "plan"
        if terraform.plan(saved):
            click.confirm("Apply this plan?", abort=True)
            terraform.apply(saved)


@main.command(epilog="Example: mlops output source_clone_url")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def output(name: str | None, as_json: bool) -> None:
    """Print Terraform's outputs, or only the one called NAME: what was made, and where."""
    values = _terraform().output()
    if name and name not in values:
        raise MlopsError(f"{name}: there is no such output{answers.suggestion(name, values)}")
    if as_json:
        click.echo(json.dumps(values[name] if name else values, indent=2))
        return
    for key in [name] if name else values:
        text = values[key] if isinstance(values[key], str) else json.dumps(values[key])
        click.echo(text if name else f"{key} = {text}")


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

    return project.find()


def _terraform():
    from cookiecutter_mlops import project
    from cookiecutter_mlops.terraform import Terraform

    return Terraform(project.find().path, embedded=project.embedded())


def _from_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise MlopsError(f"{pair}: write an answer as name=value, for example stages=staging+prod (got: {pair!r})")
    return dict(pair.split("=", 1) for pair in pairs)


def _from_file(file: Path | None) -> dict[str, str]:
    if not file:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MlopsError(f'{file}: give a TOML file of answers, such as stages = "prod" ({error})') from error
    # A budget is naturally written as a number.
    return {key: str(value) if isinstance(value, int) else value for key, value in values.items()}


def _ask(given: dict[str, str]) -> dict[str, str]:
    """Ask for each answer that is not given, in words; a bad one is asked for again."""
    from cookiecutter_mlops import scaffold

    complete, prompts = dict(given), scaffold.prompts()
    for key in answers.RULES:
        if key in complete or (key == "source_repository" and complete["source"] not in answers.CONNECTIONS):
            continue
        sentence = prompts[key]
        if isinstance(sentence, dict):
            choices = "".join(f"\n  {name}: {words}" for name, words in sentence.items() if name != "__prompt__")
            sentence = f"{sentence['__prompt__']}{choices}\n"
        default = scaffold.default(key, complete)
        complete[key] = click.prompt(sentence, default=default, value_proc=partial(_checked, key))
    return complete


def _checked(key: str, value: str) -> str:
    if sentence := answers.problem(key, value):
        raise click.UsageError(sentence)
    return value


def _finish_with_data(file: Path, target: str, real_sample: bool) -> Callable[[Path], None]:
    """Read the data before anything is made, and return what puts its schema and a sample into the project."""
    from cookiecutter_mlops import sample, schema
    from cookiecutter_mlops.data import read

    table = read(file)
    inferred = schema.infer(table, target, file.name)
    for name, reason in inferred.dropped.items():
        click.echo(f"Left out column {name!r}: it {reason}.")
    return lambda project: sample.write(project, inferred, table if real_sample else None)
