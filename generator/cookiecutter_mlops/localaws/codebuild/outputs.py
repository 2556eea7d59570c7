"""What a build leaves behind: its artifacts, and its test reports."""

import shutil
import uuid
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.codebuild import role
from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build
    from cookiecutter_mlops.localaws.codebuild.buildspec import Files

STATUSES = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}


def collect(build: "Build", files: "Files", source: Path, target: Path) -> None:
    """Copy the artifacts' files into a folder, with their paths unless the buildspec discards them."""
    base, count = source / files.base, 0
    for file in _found(files, source):
        place = target / (file.name if files.flat else file.relative_to(base))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
        count += 1
    if not count:
        raise BuildFailed(f"no matching artifact paths found: {', '.join(files.patterns)}", "CLIENT_ERROR")
    build.note(f"Found {count} file(s)")
    build.artifacts = target


def report(build: "Build", name: str, files: "Files", source: Path) -> None:
    """Count the test cases of JUnit files, print the counts and keep them as a report of the build."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    for file in _found(files, source):
        try:
            cases = list(xml.parse(file).iter("testcase"))  # noqa: S314 the build's own file
        except xml.ParseError as error:
            build.note(f"Report {name}: {file.relative_to(source)} is not JUnit XML: {error}")
            continue
        counts.update(_status(case) for case in cases)
        seconds += sum(float(case.get("time") or 0) for case in cases)
    role.check_report(build, f"{build.project['name']}-{name}")
    build.note(
        f"Report {name}: {counts.total()} tests{''.join(f', {n} {s.lower()}' for s, n in sorted(counts.items()))}"
    )
    build.reports.append(_record(build, name, counts, seconds))


def _found(files: "Files", source: Path) -> Iterator[Path]:
    """Return each file that a pattern matches, once, in order of its name."""
    base = source / files.base
    if not base.resolve().is_relative_to(source.resolve()):
        raise BuildFailed(f"base-directory must be a folder of the source, got {files.base!r}", "CLIENT_ERROR")
    matches = {path for pattern in files.patterns for path in base.glob(pattern.removeprefix("./"))}
    return iter(sorted(path for path in matches if path.is_file()))


def _status(case: xml.Element) -> str:
    return next((STATUSES[child.tag] for child in case if child.tag in STATUSES), "SUCCEEDED")


def _record(build: "Build", name: str, counts: Counter[str], seconds: float) -> dict[str, Any]:
    """Return a report as BatchGetReports shows it."""
    group = f"{build.project['name']}-{name}"
    prefix = f"arn:aws:codebuild:{build.region}:{build.account}"
    return {
        "arn": f"{prefix}:report/{group}:{uuid.uuid4()}",
        "type": "TEST",
        "name": group,
        "reportGroupArn": f"{prefix}:report-group/{group}",
        "executionId": build.arn,
        "status": "FAILED" if counts["FAILED"] or counts["ERROR"] else "SUCCEEDED",
        "created": clock.time(),
        "testSummary": {
            "total": counts.total(),
            "statusCounts": dict(counts),
            "durationInNanoSeconds": int(seconds * 1e9),
        },
    }
