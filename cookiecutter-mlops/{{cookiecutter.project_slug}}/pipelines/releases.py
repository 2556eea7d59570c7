"""What was live in each stage, from when to when, and why.

    python -m pipelines.releases [--stage prod]

The record is the history of the parameter `/slug/<stage>/live`, which pipelines/deploy.py writes: SSM keeps the last
100 values.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from pipelines import project

HEADER = ("stage", "version", "from", "until", "commit", "data", "metric", "why")


def history(stage: str) -> list[dict[str, Any]]:
    """What was released to a stage, newest first."""
    ssm = project.client("ssm")
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=f"/{project.slug()}/{stage}/live")
    try:
        found = sorted(pages.search("Parameters[]"), key=lambda entry: entry["Version"], reverse=True)
    except ssm.exceptions.ParameterNotFound:
        return []
    return [project.parsed(entry["Value"]) for entry in found]


def table(stage: str) -> Iterator[tuple[str, ...]]:
    """A line a release, newest first."""
    found = history(stage)
    ends = ["now", *(later["released_at"] for later in found)]
    for release, until in zip(found, ends, strict=False):
        metric = f"{release.get('metric')} {release.get('value')}"
        origin = (str(release.get("commit"))[:8], str(release.get("data_version")), metric)
        yield stage, str(release["version"]), release["released_at"], until, *origin, release.get("reason", "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Show what was live in each stage, when, and why.")
    parser.add_argument("--stage", help="only this one")
    wanted = parser.parse_args().stage
    known = project.training_spec()["stages"]
    stages = [project.known_stage(wanted, known)] if wanted else reversed(known)
    lines = [line for stage in stages for line in table(stage)]
    if not lines:
        print("nothing was released yet")
        return
    widths = [max(len(line[column]) for line in [HEADER, *lines]) for column in range(len(HEADER))]
    for line in [HEADER, *lines]:
        print("  ".join(f"{text:{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


if __name__ == "__main__":
    project.command(main)
