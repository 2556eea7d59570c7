"""`mlops local coverage`: of each service's operations, how many execute, are kept, or are refused with 501.

Counted, not written down: AWS's operations are those of botocore's models; what is answered here is looked up on the
classes that answer. moto's other services are read as text, because loading them all takes half a minute.

- *executes*: our own code answers, in a service whose code starts processes, delivers events or acts on the clock.
- *kept*: it is stored, changed, shown and deleted, and nothing comes of it.
- *refused*: status 501 with the operation's name.
"""

import ast
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from cookiecutter_mlops.localaws import extension

# Modules of ours that make things happen; a service that uses none of them only keeps documents.
_ACTING = {"runtime", "delivery", "schedules", "outbox", "acting", "metrics", "logfilters"}
_OURS = "cookiecutter_mlops.localaws"


@dataclass(frozen=True)
class Row:
    """One service, with counts of operations."""

    service: str
    executes: int
    kept: int
    refused: int


def rows() -> list[Row]:
    """Return all services that answer anything, those that execute most first."""
    found = {row.service: row for row in map(_of_moto, _moto_services()) if row}
    found |= {row.service: row for row in map(_of_class, _own_classes())}
    return sorted(found.values(), key=lambda row: (-row.executes, -row.kept, row.service))


def _own_classes() -> list[Any]:
    """Return the response classes that the embedded AWS extends moto with, as they are once it runs."""
    import importlib

    from cookiecutter_mlops.localaws import services

    services.install()
    for name in services.LATER:
        importlib.import_module(f"{_OURS}.{name}").install()
    urls = [importlib.import_module(f"moto.{path.parent.name}.urls") for path in _urls() if _is_extended(path)]
    bound: list[Any] = [answer for module in urls for answer in module.url_paths.values()]
    classes = {getattr(answer, "__self__", None) for answer in bound} | set(extension.SERVICES.values())
    answering = [found for found in classes if found and found.__module__.startswith((_OURS, "moto"))]
    return sorted(answering, key=lambda found: found.__module__.startswith(_OURS))  # ours stand for moto's


def _is_extended(urls: Path) -> bool:
    """Say whether we have a package or module of this name of moto's."""
    ours = Path(__file__).parent
    return (ours / urls.parent.name).is_dir() or (ours / f"{urls.parent.name}.py").is_file()


def _urls() -> list[Path]:
    import moto

    return sorted(Path(moto.__file__).parent.glob("*/urls.py"))


def _of_class(responses: Any) -> Row:
    name = responses().boto3_service_name
    answers = {operation: _answering(responses, operation) for operation in _operations(name)}
    ours = {operation: found for operation, found in answers.items() if found and _is_ours(found)}
    executing = extension.EXECUTES.get(name, set()) | (set(ours) if _acts(ours.values()) else set())
    refused = list(answers.values()).count(None)
    return Row(name, len(executing), len(answers) - refused - len(executing), refused)


def _answering(responses: Any, operation: str) -> Callable[..., Any] | None:
    method = getattr(responses, operation, None)
    return getattr(method, "answers", method)  # what `crud.answer_with` forwards to


def _is_ours(method: Callable[..., Any]) -> bool:
    return method.__module__.startswith(_OURS) and not method.__qualname__.startswith("crud.")


def _acts(methods: Iterable[Callable[..., Any]]) -> bool:
    """Say whether the package of some operations uses a module that makes things happen."""
    ours = Path(__file__).parent
    names = {method.__module__.removeprefix(f"{_OURS}.").split(".")[0] for method in methods} - {"crud"}
    return any(
        _imported(path) & _ACTING for name in names for path in [*ours.glob(f"{name}/*.py"), ours / f"{name}.py"]
    )


def _imported(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if (node.module or "").startswith(_OURS) for alias in node.names}


def _moto_services() -> list[Path]:
    return [path.parent for path in _urls()]


def _of_moto(folder: Path) -> Row | None:
    """Count a service of moto's by the methods in its sources; None for what is no service of AWS."""
    from moto.core.responses import boto3_service_name

    sources = [*folder.glob("responses.py"), *folder.glob("responses/*.py")]
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))]
    named = [
        keyword.value.value
        for node in nodes
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "service_name" and isinstance(keyword.value, ast.Constant)
    ]
    name = boto3_service_name.get(str(named[0]), str(named[0])) if named else ""
    if not (operations := _operations(name)):
        return None
    methods = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    kept = len(methods.intersection(operations))
    return Row(name, 0, kept, len(operations) - kept)


def _operations(service: str) -> list[str]:
    """Return the operations of a service of AWS, written as methods; none for what botocore does not know."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.utils import camelcase_to_underscores, get_service_model

    try:
        return [camelcase_to_underscores(name) for name in get_service_model(service).operation_names]
    except UnknownServiceError:
        return []


@click.command(epilog="Example: mlops local coverage sagemaker  |  mlops local coverage --json")
@click.argument("names", metavar="[SERVICE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def coverage(names: tuple[str, ...], as_json: bool) -> None:
    """Print, for each service, how many of AWS's operations execute here, are kept, or are refused with 501.

    An operation that is kept is stored, changed, shown and deleted, and nothing comes of it.
    """
    shown = [row for row in rows() if not names or row.service in names]
    if missing := set(names) - {row.service for row in shown}:
        raise click.BadParameter(f"nothing answers for {', '.join(sorted(missing))}: every operation is refused")
    if as_json:
        click.echo(json.dumps([asdict(row) for row in shown], indent=2))
        return
    click.echo(f"{'service':<34}{'executes':>9}{'kept':>9}{'refused':>9}")
    for row in shown:
        click.echo(f"{row.service:<34}{row.executes:>9}{row.kept:>9}{row.refused:>9}")
    totals = [sum(getattr(row, name) for row in shown) for name in ("executes", "kept", "refused")]
    click.echo(f"{'':<34}{totals[0]:>9}{totals[1]:>9}{totals[2]:>9}")
