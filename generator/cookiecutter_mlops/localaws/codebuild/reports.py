"""What a build's reports say: how its tests went, and what they covered."""

import uuid
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.codebuild import outputs, role

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build
    from cookiecutter_mlops.localaws.codebuild.buildspec import Report

Document = dict[str, Any]
STATUSES = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}


def keep(build: "Build", name: str, report: "Report", source: Path) -> None:
    """Read the files of a report, print what they say in a line and keep it as a report of the build."""
    role.check_report(build, f"{build.project['name']}-{name}")
    roots = list(_parsed(build, name, report, source))
    said, members = _READERS[report.kind](roots)
    build.note(f"Report {name}: {said}")
    build.reports.append(_record(build, name) | members)


def _parsed(build: "Build", name: str, report: "Report", source: Path) -> Iterator[xml.Element]:
    for file in outputs.found(report.files, source):
        try:
            yield xml.parse(file).getroot()  # noqa: S314 the build's own file
        except xml.ParseError as error:
            build.note(f"Report {name}: {file.relative_to(source)} is not XML: {error}")


def _junit(roots: list[xml.Element]) -> tuple[str, Document]:
    """Count the test cases by their status."""
    cases = [case for root in roots for case in root.iter("testcase")]
    counts = Counter(_status(case) for case in cases)
    seconds = sum(float(case.get("time") or 0) for case in cases)
    summary = {"total": len(cases), "statusCounts": dict(counts), "durationInNanoSeconds": int(seconds * 1e9)}
    status = "FAILED" if counts["FAILED"] or counts["ERROR"] else "SUCCEEDED"
    said = f"{len(cases)} tests{''.join(f', {n} {s.lower()}' for s, n in sorted(counts.items()))}"
    return said, {"type": "TEST", "status": status, "testSummary": summary}


def _cobertura(roots: list[xml.Element]) -> tuple[str, Document]:
    """Add up the lines and branches that the files' roots count."""
    summary: Document = {}
    for kind, plural in (("line", "lines"), ("branch", "branches")):
        valid, covered = (sum(int(root.get(f"{plural}-{what}", 0)) for root in roots) for what in ("valid", "covered"))
        summary[f"{kind}CoveragePercentage"] = 100 * covered / valid if valid else 0.0
        summary |= {f"{plural}Covered": covered, f"{plural}Missed": valid - covered}
    said = f"{summary['lineCoveragePercentage']:.1f} % of the lines are covered"
    return said, {"type": "CODE_COVERAGE", "status": "SUCCEEDED", "codeCoverageSummary": summary}


_READERS: dict[str, Callable[[list[xml.Element]], tuple[str, Document]]] = {
    "JUNITXML": _junit,
    "COBERTURAXML": _cobertura,
}


def _status(case: xml.Element) -> str:
    return next((STATUSES[child.tag] for child in case if child.tag in STATUSES), "SUCCEEDED")


def _record(build: "Build", name: str) -> Document:
    """Return a report as BatchGetReports shows it, without what its files say."""
    group = f"{build.project['name']}-{name}"
    prefix = f"arn:aws:codebuild:{build.region}:{build.account}"
    return {
        "arn": f"{prefix}:report/{group}:{uuid.uuid4()}",
        "name": group,
        "reportGroupArn": f"{prefix}:report-group/{group}",
        "executionId": build.arn,
        "created": clock.time(),
    }
