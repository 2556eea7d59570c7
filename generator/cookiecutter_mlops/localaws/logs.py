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


@dataclass(frozen=True)
class Stream:
    """A log stream and the time of its last line, in milliseconds since 1970."""

    group: str
    name: str
    last: int


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
        """Return the streams whose group or name holds `name`, oldest first."""
        groups = self.logs.get_paginator("describe_log_groups").paginate()
        found = [
            Stream(group["logGroupName"], stream["logStreamName"], stream.get("lastEventTimestamp", 0))
            for page in groups
            for group in page["logGroups"]
            for stream in self.logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
            if name in f"{group['logGroupName']}/{stream['logStreamName']}"
        ]
        return sorted(found, key=lambda stream: stream.last)

    def lines(self, stream: Stream, limit: int = 10_000) -> list[str]:
        """Return the last lines of a stream."""
        answer = self.logs.get_log_events(
            logGroupName=stream.group, logStreamName=stream.name, limit=limit, startFromHead=False
        )
        return [event["message"] for event in answer["events"]]

    def failures(self) -> list[str]:
        """Return one sentence for each pipeline whose newest execution failed.

        The execution that AWS starts when a pipeline is created finds an empty repository: that is nobody's failure.
        """
        codepipeline = self.client("codepipeline")
        sentences = []
        for pipeline in codepipeline.list_pipelines()["pipelines"]:
            newest = next(iter(watch.executions(codepipeline, pipeline["name"])), {})
            if newest.get("status") == "Failed" and newest["trigger"]["triggerType"] != "CreatePipeline":
                sentences += [
                    f"{pipeline['name']} failed at {action.stage}: {action.summary}"
                    for action in watch.actions(codepipeline, pipeline["name"], newest["pipelineExecutionId"])
                    if action.status == "Failed"
                ]
        return sentences


def show(reader: Reader, console: Console, name: str, lines: int) -> None:
    """Print the end of the newest streams, newest last, and then which pipelines failed and why."""
    streams = reader.streams(name)
    if not streams:
        console.print(f"No log matches {name!r} yet." if name else "Nothing was logged yet.")
    for stream in streams[-NEWEST:]:
        clock = datetime.fromtimestamp(stream.last / 1000).strftime("%H:%M:%S")
        console.print(f"[bold]{stream.group}[/bold]  {stream.name}  {clock}")
        for line in reader.lines(stream, lines):
            console.print(f"  {line}", markup=False)
    for sentence in reader.failures():
        console.print(sentence, style="red", markup=False)


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
