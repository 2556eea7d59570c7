"""Test reports of a build: JUnit files, counted."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree


def read(source: Path, declared: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each declared report how many tests it holds and how they ended."""
    return [_count(name, source, report) for name, report in declared.items()]


def sentence(report: dict[str, Any]) -> str:
    counted = ", ".join(f"{number} {status}" for status, number in report["statusCounts"].items() if number)
    return f"[Container] Report {report['name']}: {counted or 'no tests'}"


def _count(name: str, source: Path, report: dict[str, Any]) -> dict[str, Any]:
    if report.get("file-format", "JUNITXML") != "JUNITXML":
        raise NotImplementedError(f"reports of the format {report['file-format']}")
    counts = {"SUCCEEDED": 0, "FAILED": 0, "ERROR": 0, "SKIPPED": 0}
    base = source / report.get("base-directory", ".")
    for file in (file for pattern in report.get("files") or [] for file in base.glob(pattern)):
        # The file was made by the project's own tests on this machine, not by a stranger.
        for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314
            kinds = {child.tag for child in case}
            status = next((s for tag, s in _STATUS.items() if tag in kinds), "SUCCEEDED")
            counts[status] += 1
    return {"name": name, "statusCounts": counts}


_STATUS = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}
