"""Shows what a training job or an endpoint wrote to CloudWatch Logs.

python -m pipelines.logs /aws/sagemaker/TrainingJobs salary-prediction-20260102030405-1a2b3c4d
"""

import argparse
from typing import Any

from pipelines import project


class Follower:
    """Prints the new lines of every stream of a job, each time it is asked."""

    def __init__(self, group: str, prefix: str):
        self.group, self.prefix = group, prefix
        self.tokens: dict[str, str] = {}

    def show(self) -> None:
        for stream in streams(self.group, logStreamNamePrefix=self.prefix):
            self._show_stream(stream)

    def _show_stream(self, stream: str) -> None:
        while True:  # a page may hold fewer lines than there are; an unchanged token says that it was the last
            known = self.tokens.get(stream)
            page = _events(self.group, stream, startFromHead=True, **({"nextToken": known} if known else {}))
            for event in page["events"]:
                print(f"    {event['message'].rstrip()}", flush=True)
            self.tokens[stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == known or not page["events"]:
                return


def tail(group: str, lines: int = 15) -> list[str]:
    """The last lines of a log group's newest stream."""
    newest = streams(group, orderBy="LastEventTime", descending=True, limit=1)
    events = (event for stream in newest for event in _events(group, stream, limit=lines)["events"])
    return [event["message"].rstrip() for event in events]


def streams(group: str, **query: Any) -> list[str]:
    """The streams of a group; none where the group does not exist yet."""
    logs = project.client("logs")
    try:
        found = logs.describe_log_streams(logGroupName=group, **query)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [stream["logStreamName"] for stream in found]


def _events(group: str, stream: str, **query: Any) -> dict[str, Any]:
    return project.client("logs").get_log_events(logGroupName=group, logStreamName=stream, **query)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print what a job or an endpoint logged.")
    parser.add_argument("group", help="such as /aws/sagemaker/TrainingJobs")
    parser.add_argument("prefix", help="how the stream's name begins: the job's name")
    arguments = parser.parse_args()
    Follower(arguments.group, arguments.prefix).show()


if __name__ == "__main__":
    project.command(main)
