"""One build: its phases, its log, its end, and what BatchGetBuilds and events show of it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed
from cookiecutter_mlops.localaws.iam.acting import Session
from cookiecutter_mlops.localaws.snapshot import Resuming

Document = dict[str, Any]


class Build(Resuming):
    """A build of a project as the project was when the build started."""

    running = ("on_interrupt",)

    def __init__(
        self, account: str, region: str, project: Document, number: int, initiator: str, source_version: str
    ) -> None:
        self.account, self.region, self.project = account, region, project
        self.number, self.initiator, self.uuid = number, initiator, str(uuid.uuid4())
        self.id = f"{project['name']}:{self.uuid}"
        self.arn = f"arn:aws:codebuild:{region}:{account}:build/{self.id}"
        self.started, self.ended = clock.time(), 0.0
        self.status, self.failure, self.source_version = "IN_PROGRESS", "", source_version
        self.variables: list[Document] = []
        self.exported: dict[str, str] = {}
        self.reports: list[Document] = []
        self.artifacts: Path | None = None
        self.session: Session
        self.phases: list[Document] = [self._phase("SUBMITTED", ended=True)]
        self.interrupted = ""  # STOPPED or TIMED_OUT
        self.on_interrupt: Callable[[], object] = lambda: None
        self._end = threading.Event()

    def resume(self) -> None:
        """End it if it ran when the embedded AWS went down: a fault of ours, not of the build."""
        if not self.ended:
            if session := getattr(self, "session", None):
                session.end()
            error = BuildFailed("The embedded AWS was stopped while this build ran.", "FAULT")
            self.fail(error)
            self.interrupted = "FAULT"
            self._close(self.phases[-1], error, quiet=False)
            self.end()

    @property
    def folder(self) -> Path:
        """What the build keeps while it runs."""
        return runtime.home() / "builds" / self.uuid

    def wait(self, timeout: float | None = None) -> None:
        self._end.wait(timeout)

    def stop(self) -> None:
        self.interrupt("STOPPED")

    def interrupt(self, status: str) -> None:
        """End the running command and the build with it: `status` is STOPPED or TIMED_OUT."""
        if not self.ended and not self.interrupted:
            self.interrupted = status
            self.on_interrupt()

    def check(self) -> None:
        """Raise BuildFailed where the build is not to go on."""
        if self.interrupted == "STOPPED":
            raise BuildFailed("The build was stopped.", "STOPPED")
        if self.interrupted:
            raise BuildFailed(f"The build took longer than {self.project['timeoutInMinutes']} minutes.", "TIMED_OUT")

    def fail(self, error: BuildFailed) -> None:
        """Keep the first failure: later ones follow from it."""
        if not self.failure:
            self.failure = f"{self.phases[-1]['phaseType']}: {error}"

    def end(self) -> None:
        status = self.interrupted or ("FAILED" if self.failure else "SUCCEEDED")
        self.phases.append(self._phase("COMPLETED"))
        self.ended = clock.time()
        self.status = status  # last: whoever sees it sees the rest
        self.announce()
        self._end.set()

    @contextmanager
    def phase(self, name: str, quiet: bool = False) -> Iterator[None]:
        """Record a phase and print it as CodeBuild does; a quiet one is printed only if it fails."""
        record = self._phase(name)
        self.phases.append(record)
        if not quiet:
            self.note(f"Entering phase {name}")
        error = None
        try:
            yield
        except BuildFailed as failed:
            error = failed
            self.fail(failed)
            raise
        finally:
            self._close(record, error, quiet)

    def _close(self, record: Document, error: BuildFailed | None, quiet: bool) -> None:
        status = "SUCCEEDED" if error is None else self.interrupted or "FAILED"
        context = {"statusCode": error.code, "message": str(error)} if error else {"statusCode": "", "message": ""}
        ended = clock.time()
        record |= {"phaseStatus": status, "endTime": ended, "contexts": [context]}
        record["durationInSeconds"] = round(ended - record["startTime"])
        if error or not quiet:
            self.note(f"Phase complete: {record['phaseType']} State: {status}")
        if error:
            self.note(f"Phase context status code: {error.code} Message: {error}")

    @staticmethod
    def _phase(name: str, ended: bool = False) -> Document:
        now = clock.time()
        closed = {"phaseStatus": "SUCCEEDED", "endTime": now, "durationInSeconds": 0} if ended else {}
        return {"phaseType": name, "startTime": now, **closed}

    def log(self, line: str) -> None:
        """Append a line to the build's log, while the build runs."""
        if group := self.log_group:
            runtime.write_log(self.account, self.region, group, self.log_stream, [line])

    def note(self, text: str) -> None:
        """Log a line of CodeBuild's own."""
        self.log(f"[Container] {clock.now():%Y/%m/%d %H:%M:%S} {text}")

    @property
    def log_group(self) -> str:
        """The log's group in CloudWatch Logs; empty where the project switched its log off."""
        settings = self._cloudwatch()
        disabled = settings.get("status") == "DISABLED"
        return "" if disabled else settings.get("groupName") or f"/aws/codebuild/{self.project['name']}"

    @property
    def log_stream(self) -> str:
        prefix = self._cloudwatch().get("streamName")
        return f"{prefix}/{self.uuid}" if prefix else self.uuid

    def _cloudwatch(self) -> Document:
        return (self.project.get("logsConfig") or {}).get("cloudWatchLogs") or {}

    def announce(self) -> None:
        """Tell EventBridge the build's status."""
        detail = {
            "build-status": self.status,
            "project-name": self.project["name"],
            "build-id": self.arn,
            "current-phase": self.phases[-1]["phaseType"],
            "current-phase-context": f"[{self.failure}]",
            "version": "1",
            "additional-information": {
                "build-number": self.number,
                "build-complete": bool(self.ended),
                "initiator": self.initiator,
                "logs": {"group-name": self.log_group, "stream-name": self.log_stream},
                "source-version": self.source_version,
            },
        }
        kind = "CodeBuild Build State Change"
        runtime.put_event(self.account, self.region, "aws.codebuild", kind, detail, [self.arn])

    def view(self) -> Document:
        """Return the build as BatchGetBuilds shows it."""
        copied = ("source", "artifacts", "cache", "serviceRole", "timeoutInMinutes", "queuedTimeoutInMinutes")
        logs = {"groupName": self.log_group, "streamName": self.log_stream}
        view = {name: self.project[name] for name in (*copied, "encryptionKey") if name in self.project}
        view |= {"id": self.id, "arn": self.arn, "buildNumber": self.number, "projectName": self.project["name"]}
        status = self.status  # read once: the build may end meanwhile
        view |= {"buildStatus": status, "buildComplete": status != "IN_PROGRESS", "initiator": self.initiator}
        view |= {"startTime": self.started, "currentPhase": self.phases[-1]["phaseType"], "phases": self.phases}
        view |= {"environment": self.project["environment"] | {"environmentVariables": self.variables}}
        view |= {"logs": logs | {"cloudWatchLogs": {"status": "ENABLED" if self.log_group else "DISABLED"}}}
        view |= {"exportedEnvironmentVariables": [{"name": n, "value": v} for n, v in self.exported.items()]}
        view |= {"reportArns": [report["arn"] for report in self.reports]}
        if self.source_version:
            view["sourceVersion"] = view["resolvedSourceVersion"] = self.source_version
        return view | ({"endTime": self.ended} if self.ended else {})
