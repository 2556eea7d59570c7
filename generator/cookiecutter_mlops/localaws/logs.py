"""What `mlops local logs` shows: the CloudWatch Logs streams of the embedded AWS, and why pipelines failed."""

import contextlib
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console

from cookiecutter_mlops import watch
from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.process import Server

NEWEST = 8  # streams that fit a person's patience
_FRAME = ("START ", "END ", "REPORT ")  # what Lambda itself says of each invocation


@dataclass(frozen=True)
class Stream:
    """A log stream and the time of its last line, in milliseconds since 1970."""

    group: str
    name: str
    last: int


@dataclass(frozen=True)
class Failure:
    """Why a pipeline's newest execution failed, in a sentence, and the build that did, as its stream is called."""

    sentence: str
    build: str


class Reader:
    """Reads the logs of one embedded AWS."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.logs = self.client("logs")

    def client(self, service: str) -> Any:
        import boto3

        access, secret = runtime.CREDENTIALS.values()
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=self.server.region,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )

    def streams(self, name: str) -> list[Stream]:
        """Return the streams whose group or name holds `name`, oldest first; of each group the newest fifty at most."""
        groups = self.logs.get_paginator("describe_log_groups").paginate()
        newest = {"orderBy": "LastEventTime", "descending": True}
        found = [
            Stream(group["logGroupName"], stream["logStreamName"], stream.get("lastEventTimestamp", 0))
            for page in groups
            for group in page["logGroups"]
            for stream in self.logs.describe_log_streams(logGroupName=group["logGroupName"], **newest)["logStreams"]
            if name in f"{group['logGroupName']}/{stream['logStreamName']}"
        ]
        return sorted(found, key=lambda stream: stream.last)

    def overview(self, builds: set[str]) -> list[Stream]:
        """Return the newest stream of each group that says something, oldest first, and at the end those of builds."""
        newest: dict[str, Stream] = {}
        streams, last = self.streams(""), []
        for stream in reversed(streams):
            if stream.name.rpartition("/")[2] in builds:
                last.append(stream)
            elif stream.group not in newest and not self._says_nothing(stream):
                newest[stream.group] = stream
        return [*reversed(list(newest.values())[:NEWEST]), *reversed(last)]

    def _says_nothing(self, stream: Stream) -> bool:
        """Tell whether a stream is of Lambda's alone, as those of a function that only looks every minute."""
        ours = stream.group.startswith("/aws/lambda/")
        return ours and all(line.startswith(_FRAME) for line in self.lines(stream))

    def lines(self, stream: Stream, limit: int = 10_000) -> list[str]:
        """Return the last lines of a stream."""
        answer = self.logs.get_log_events(
            logGroupName=stream.group, logStreamName=stream.name, limit=limit, startFromHead=False
        )
        return [event["message"] for event in answer["events"]]

    def failures(self) -> list[Failure]:
        """Return one for each pipeline whose newest execution failed.

        The execution that AWS starts when a pipeline is created finds an empty repository: that is nobody's failure.
        """
        codepipeline = self.client("codepipeline")
        found = []
        for pipeline in codepipeline.list_pipelines()["pipelines"]:
            newest = next(iter(watch.executions(codepipeline, pipeline["name"])), {})
            if newest.get("status") == "Failed" and newest["trigger"]["triggerType"] != "CreatePipeline":
                found += [
                    Failure(
                        f"{pipeline['name']} failed at {action.stage}: {action.summary}",
                        action.external_id.rpartition(":")[2],
                    )
                    for action in watch.actions(codepipeline, pipeline["name"], newest["pipelineExecutionId"])
                    if action.status == "Failed"
                ]
        return found


def show(reader: Reader, console: Console, name: str, lines: int) -> None:
    """Print the end of logs, newest last and those of failed builds at the end; then which pipelines failed, and why.

    Without a name it is an overview: the newest log of each group, and how to see more.
    """
    failures = reader.failures()
    streams = reader.streams(name)[-NEWEST:] if name else reader.overview({failure.build for failure in failures})
    if not streams:
        console.print(f"No log matches {name!r} yet." if name else "Nothing was logged yet.")
    for stream in streams:
        clock = datetime.fromtimestamp(stream.last / 1000).strftime("%H:%M:%S")
        console.print(f"[bold]{stream.group}[/bold]  {stream.name}  {clock}")
        for line in reader.lines(stream, lines):
            console.print(f"  {line}", markup=False)
    for failure in failures:
        console.print(failure.sentence, style="red", markup=False)
    if streams and not name:
        console.print("More of one log, by a part of its name:  mlops local logs check")


def follow(reader: Reader, console: Console, name: str) -> None:
    """Print each new line with the name of its group, until Ctrl-C."""
    seen = {(s.group, s.name): len(reader.lines(s)) for s in reader.streams(name)}
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for stream in reader.streams(name):
                lines = reader.lines(stream)
                for line in lines[seen.get((stream.group, stream.name), 0) :]:
                    console.print(f"{stream.group.rsplit('/', 1)[-1]}  {line}", markup=False)
                seen[stream.group, stream.name] = len(lines)
            time.sleep(1)
