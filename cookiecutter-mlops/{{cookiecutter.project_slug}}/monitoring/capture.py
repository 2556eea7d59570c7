"""Reads captured requests, one line at a time: however many there are, the memory is that of one batch.

A line, in SageMaker's format (written by SageMaker for real-time endpoints, by functions/invoke for the others):

    {"captureData": {"endpointInput": {"data": "…", "encoding": "JSON", "observedContentType": "application/json"},
                     "endpointOutput": {…}},
     "eventMetadata": {"eventId": "…", "inferenceId": "…", "inferenceTime": "2026-01-02T03:04:05Z"}}
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.invoke import shape
from inference import formats, handler

BATCH = 5000  # instances that are typed at once


@dataclass
class Batch:
    """Instances of some requests, with what belongs to each of them at the same place; `fields` are their columns."""

    fields: tuple[str, ...] = ()
    instances: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)  # None where the answer was not captured
    keys: list[tuple[str, int]] = field(default_factory=list)  # inference id, place within the request
    hours: list[str] = field(default_factory=list)  # 2026-01-02T03

    def add(self, line: dict[str, Any]) -> None:
        """Take one captured request apart; a ValueError, KeyError or TypeError says that it cannot be read."""
        instances = _instances(line["captureData"]["endpointInput"], self.fields)
        output = line["captureData"].get("endpointOutput")
        answers = _answers(output) if output else [None] * len(instances)
        if len(answers) != len(instances):
            raise ValueError("as many answers as instances are expected")
        hour, key = line["eventMetadata"]["inferenceTime"][:13], identity(line)
        self.instances += instances
        self.answers += answers
        self.keys += [(key, number) for number in range(len(instances))]
        self.hours += [hour] * len(instances)


@dataclass
class Counts:
    """What was read."""

    requests: int = 0
    sampled: int = 0
    unreadable: int = 0


def batches(folder: Path, share: float, counts: Counts, fields: tuple[str, ...] = ()) -> Iterator[Batch]:
    """The requests of every file of a folder, or a share of them (0 to 1) that depends on their ids only."""
    batch = Batch(fields)
    for line in _lines(folder):
        counts.requests += 1
        try:
            captured = json.loads(line)
            if not drawn(identity(captured), share):
                continue
            counts.sampled += 1
            batch.add(captured)
        except (ValueError, KeyError, TypeError, AttributeError, formats.Refused):
            counts.unreadable += 1
        if len(batch.instances) >= BATCH:
            yield batch
            batch = Batch(fields)
    if batch.instances:
        yield batch


def identity(line: dict[str, Any]) -> str:
    """The caller's own name of a request where it gave one: ground truth refers to it."""
    return line["eventMetadata"].get("inferenceId") or line["eventMetadata"]["eventId"]


def drawn(key: str, share: float) -> bool:
    """Whether an id belongs to a sample: the same answer in every run, for a request and for its ground truth."""
    digest = hashlib.blake2b(key.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < share * 2**32


def _lines(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*.jsonl")):
        with path.open("rb") as file:
            yield from (line for line in file if line.strip())


def _text(message: dict[str, Any]) -> str:
    return base64.b64decode(message["data"]).decode() if message["encoding"] == "BASE64" else message["data"]


def _answers(message: dict[str, Any]) -> list[Any]:
    kind = formats.content_type(message.get("observedContentType") or formats.JSON)
    return handler.answers(shape.from_endpoint(formats.answer(_text(message).encode(), kind)))


def _instances(message: dict[str, Any], fields: tuple[str, ...]) -> list[Any]:
    """What the server read in the body; a list of values gets the names of the columns."""
    read = formats.readers(fields)[formats.content_type(message.get("observedContentType") or formats.JSON)]
    found = formats.instances(read, _text(message).encode())
    return [dict(zip(fields, one, strict=False)) if isinstance(one, list) else one for one in found]
