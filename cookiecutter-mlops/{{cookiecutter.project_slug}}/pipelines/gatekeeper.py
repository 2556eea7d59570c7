"""Asks the gatekeeper, the function that decides when this project trains (functions/retrain).

    python -m pipelines.gatekeeper train --reason "new features"
    python -m pipelines.gatekeeper pause | resume | status

The Train build asks it too, before it rents a machine (pipelines/train.py).
"""

import argparse
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines import project
from pipelines.project import PipelineError
from training.settings import load_settings

SETTINGS = "project.toml"  # has a sum of its own


def spec() -> dict[str, Any] | None:
    """How to retrain, as Terraform declares it; None for a project that was applied before there was a gatekeeper."""
    return project.parameter("retraining")


def ask(action: str, **request: Any) -> dict[str, Any]:
    """The gatekeeper's answer: a decision, and the sentence that says why."""
    known = spec()
    if known is None:
        project.training_spec()  # says so where nothing trains at all
        raise PipelineError(f"/{project.slug()}/retraining: there is no gatekeeper yet; run `mlops apply` first.")
    payload = json.dumps({"action": action, **request})
    answer = project.client("lambda").invoke(FunctionName=known["function"], Payload=payload)
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise PipelineError(f"{known['function']}: failed with {result.get('errorMessage')!r}; its log says why.")
    return result


def admission(data_version: str) -> dict[str, Any]:
    """Whether this build may train on this data: asked again while another run is still in Train."""
    request = {
        "execution": project.environment("EXECUTION", "the id of the pipeline's execution"),
        "facts": facts(data_version),
        "reason": os.environ.get("REASON") or "commit",
        "requested_by": os.environ.get("REQUESTED_BY") or "push",
    }

    def settled() -> dict[str, Any] | None:
        answer = ask("admit", **request)
        return None if answer.get("again") else answer

    return project.until(settled, "the run before this one", limit=6 * 3600)


def facts(data_version: str) -> dict[str, str]:
    """What a model depends on; the image's digest is no help, because Docker makes another one of the same files."""
    settings = load_settings()
    return {"code_sha256": code_sha256(), "settings_sha256": settings.sha256, "data_version": data_version}


def code_sha256(root: Path = Path()) -> str:
    """One sum for every file that goes into the images, as .dockerignore lists them, whatever else a commit changes."""
    listed = [line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sums = hashlib.sha256()
    for path in sorted(path for name in listed if name != SETTINGS for path in files(root / name)):
        sums.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return sums.hexdigest()


def files(path: Path) -> Iterator[Path]:
    """A file, or every file of a folder but Python's own cache."""
    if path.is_file():
        yield path
    yield from (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def new_data(name: str) -> str | None:
    """Tell of data that a person pushed; None before the first release, when a push of the code is still to come."""
    if project.live(project.training_spec()["stages"][-1]) is None or spec() is None:
        return None
    return ask("train", kind="data", reason=f"data {name}", requested_by=getpass.getuser())["reason"]


def summary() -> Iterator[str]:
    """What the gatekeeper does now, for `mlops status`."""
    if spec() is None:
        return
    state = ask("status")
    yield f"training: {state['reason']}"
    for run in state["runs"]:
        yield f"  runs   {titles(run['works']) or 'postponed'} ({run['execution'] or 'being started'})"
    for work in state["pending"]:
        yield f"  waits  {titles([work])}"


def titles(works: list[dict[str, Any]]) -> str:
    """Wishes of a kind are counted, as the gatekeeper does in its own sentences."""
    return "; ".join(work["reason"] + (f" and {work['count'] - 1} more" if work["count"] > 1 else "") for work in works)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask the gatekeeper of training.")
    actions = parser.add_subparsers(dest="action", required=True)
    train = actions.add_parser("train", help="start a training, or have it started after the one that runs")
    train.add_argument("--reason", required=True, help="why, for the record")
    train.add_argument("--data", default="newest", metavar="VERSION", help="a snapshot; by default the newest data")
    train.add_argument("--again", action="store_true", help="also if it would make the model that is live once more")
    actions.add_parser("pause", help="start nothing until `resume`; what arrives is kept")
    actions.add_parser("resume", help="lift a pause, or the budget's stop")
    actions.add_parser("status", help="what runs, what waits, what is left of the day")
    arguments = parser.parse_args()
    if arguments.action == "status":
        print(*summary(), sep="\n")
        return
    request: dict[str, Any] = {"requested_by": getpass.getuser()}
    if arguments.action == "train":
        request |= {"reason": arguments.reason, "data_version": arguments.data, "force": arguments.again}
    answer = ask(arguments.action, **request)
    if answer["decision"] == "refuse":
        raise PipelineError(answer["reason"])
    print(answer["reason"] + (f" Execution {answer['execution']}." if "execution" in answer else ""))


if __name__ == "__main__":
    project.command(main)
