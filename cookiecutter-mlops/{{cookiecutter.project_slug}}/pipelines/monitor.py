"""Monitors the live model now: starts the job, waits, says what moved, and opens the report.

python -m pipelines.monitor                                 # the window in progress
python -m pipelines.monitor --window previous               # the last whole one, as the schedule does
python -m pipelines.monitor --window 2026-01-02T03 --again  # an earlier one, once more
"""

import argparse
import json
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import launch, logs, project
from pipelines.project import PipelineError

RESULTS = ("statistics.json", "constraint_violations.json", "report.html")
LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


def monitor(spec: dict[str, Any], window: str, again: bool) -> dict[str, Any]:
    """Run the job of a window to its end, and return its description."""
    event = {"kind": "monitor", "again": again}
    if window == "now":
        event["window"] = f"{launch.time():%Y-%m-%dT%H}"
    elif window != "previous":
        event["window"] = window
    return finished(launch.start(spec, event))


def finished(name: str, kind: str = "monitoring job") -> dict[str, Any]:
    """Wait for a processing job, showing its log; one that failed says why."""
    lines = logs.Follower(LOG_GROUP, f"{name}/")

    def ended() -> dict[str, Any] | None:
        state = project.client("sagemaker").describe_processing_job(ProcessingJobName=name)
        lines.show()
        return state if state["ProcessingJobStatus"] in launch.ENDS else None

    state = project.until(ended, f"{kind} {name}", limit=7 * 86400)
    if state["ProcessingJobStatus"] != "Completed":
        reason = state.get("ExitMessage") or state.get("FailureReason") or state["ProcessingJobStatus"]
        raise PipelineError(f"{kind} {name}: {reason}")
    return state


def download(state: dict[str, Any], folder: Path) -> Path:
    """Fetch the results of a job, and return where the report is."""
    uri = state["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    bucket, prefix = project.split_s3(uri)
    folder.mkdir(parents=True, exist_ok=True)
    for name in RESULTS:
        (folder / name).write_bytes(project.client("s3").get_object(Bucket=bucket, Key=prefix + name)["Body"].read())
    return folder / "report.html"


def show(folder: Path) -> None:
    """Print the verdict, and each broken rule."""
    found = json.loads((folder / "constraint_violations.json").read_text())
    print(f"\n{found['verdict']}")
    for each in found["violations"]:
        print(f"  {each['feature_name']}: {each['description']}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare live traffic with what the live model was trained on.")
    parser.add_argument("--window", default="now", help="now, previous, or its first hour (UTC) such as 2026-01-02T03")
    parser.add_argument("--again", action="store_true", help="run a window that was monitored before once more")
    parser.add_argument("--no-open", action="store_true", help="do not open the report in a browser")
    arguments = launch.arguments(parser)
    check(arguments.window)
    spec = launch.specification(arguments.stage, "monitoring")
    folder = Path(".mlops/monitoring") / arguments.stage
    report = download(monitor(spec, arguments.window, arguments.again), folder)
    show(folder)
    print(f"report: {report.absolute()}")
    if not arguments.no_open:
        webbrowser.open(report.absolute().as_uri())


def check(window: str) -> None:
    """Refuse what is no window before anything is asked."""
    try:
        if window not in ("now", "previous"):
            datetime.strptime(window, "%Y-%m-%dT%H")
    except ValueError:
        raise PipelineError(
            f"--window: must be now, previous or an hour such as 2026-01-02T03 (got: {window})."
        ) from None


if __name__ == "__main__":
    project.command(main)
