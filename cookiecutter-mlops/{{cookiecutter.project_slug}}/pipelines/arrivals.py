"""Freezes what arrived under raw/ of the data bucket as a snapshot; pipelines/snapshot.py calls it.

With `arrival = "manifest"` an object `_SUCCESS` completes its folder, and says with JSON what belongs to it:

    {"count": 2, "sha256": {"part-1.csv": "<64 hex digits>", "part-2.csv": "<64 hex digits>"}}

With `"quiet-period"` every object counts, but for names that begin with _ or a dot, once none came for a while. A
snapshot holds all that is complete under raw/, so that deliveries add up; what is delivered again replaces what was.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines import project
from pipelines.project import PipelineError

RAW, MARKER = "raw/", "_SUCCESS"
EXAMPLE = '{"count": 1, "sha256": {"part-1.csv": "<64 hex digits>"}}'
LARGEST = 5 * 1024**3  # bytes that S3 copies in one call, and sums meanwhile
COPIES = 16  # at the same time


@dataclass(frozen=True)
class Arrived:
    """One version of an object under raw/, with the sum that its manifest gives."""

    key: str
    version_id: str
    size: int
    modified: datetime
    sha256: str = ""

    @property
    def hidden(self) -> bool:
        return self.key.rpartition("/")[2][:1] in ("", "_", ".")

    @property
    def name(self) -> str:
        """The file's name in a snapshot, which has no folders."""
        return self.key.removeprefix(RAW).replace("/", "__")


def complete(bucket: str, retraining: dict[str, Any]) -> list[Arrived]:
    """What a snapshot of now would hold, by key; PipelineError for a delivery that is not what it says."""
    objects, now = current(bucket)
    if retraining["arrival"] == "manifest":
        found = [arrived for marker in objects.values() for arrived in delivered(bucket, marker, objects)]
    else:
        found = settled(objects, now, timedelta(minutes=retraining["quiet_minutes"]))
    if too_large := next((arrived.key for arrived in found if arrived.size > LARGEST), None):
        raise PipelineError(f"{too_large}: is larger than 5 GiB, the most that S3 sums while it copies; split it.")
    return sorted(found, key=lambda arrived: arrived.key)


def current(bucket: str) -> tuple[dict[str, Arrived], datetime]:
    """The newest version of every object that is still there, by key, and the time by S3's clock."""
    objects, now = {}, datetime.now(UTC)
    pages = project.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=RAW)
    for page in pages:
        now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
        for entry in page.get("Versions", []):
            if entry["IsLatest"]:
                facts = (entry["Key"], entry["VersionId"], entry["Size"], entry["LastModified"])
                objects[entry["Key"]] = Arrived(*facts)
    return objects, now


def settled(objects: dict[str, Arrived], now: datetime, quiet: timedelta) -> list[Arrived]:
    """Every object up to the last pause that was long enough: what came after it may still get company."""
    found = sorted((arrived for arrived in objects.values() if not arrived.hidden), key=lambda each: each.modified)
    following = [*(arrived.modified for arrived in found[1:]), now]
    pauses = [place for place, arrived in enumerate(found) if following[place] - arrived.modified >= quiet]
    return found[: pauses[-1] + 1] if pauses else []


def delivered(bucket: str, marker: Arrived, objects: dict[str, Arrived]) -> Iterator[Arrived]:
    """The objects that a manifest names, with their sums; nothing for an object that is no manifest."""
    folder, _, file = marker.key.rpartition("/")
    if file != MARKER:
        return
    for name, sha256 in sums(bucket, marker).items():
        arrived = objects.get(f"{folder}/{name}")
        if arrived is None:
            raise PipelineError(
                f"{marker.key}: names {name}, which is not there; upload it, and then the manifest again."
            )
        yield replace(arrived, sha256=sha256)


def sums(bucket: str, marker: Arrived) -> dict[str, str]:
    """What a manifest says, once it is known to be whole."""
    request = {"Bucket": bucket, "Key": marker.key, "VersionId": marker.version_id}
    body = project.client("s3").get_object(**request)["Body"].read()
    try:
        document = json.loads(body)
        count, named = document["count"], document["sha256"]
        right = named and all(re.fullmatch("[0-9a-f]{64}", value) for value in named.values())
    except (ValueError, TypeError, KeyError, AttributeError):
        right = False
    if not right:
        raise PipelineError(
            f"{marker.key}: must be JSON such as {EXAMPLE} (got: {body[:60].decode(errors='replace')!r})."
        )
    if count != len(named):
        raise PipelineError(
            f"{marker.key}: says count {count} but names {len(named)} objects; write it when all are there."
        )
    return named


def version(found: list[Arrived]) -> str:
    """The name of the snapshot of these versions of objects: the same for the same ones, whoever makes it."""
    content = json.dumps([(arrived.key, arrived.version_id) for arrived in found])
    newest = max(arrived.modified for arrived in found)
    return f"{newest.astimezone(UTC):%Y%m%dT%H%M%SZ}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def freeze(bucket: str, found: list[Arrived], folder: str) -> list[dict[str, Any]]:
    """Copy these versions into a snapshot's folder, inside S3, and give back its list of files."""
    ((name, times),) = Counter(arrived.name for arrived in found).most_common(1)
    if times > 1:
        raise PipelineError(f"{RAW}: {times} objects would all be called {name} in a snapshot; rename them.")
    with ThreadPoolExecutor(COPIES) as pool:
        return list(pool.map(lambda arrived: copy(bucket, arrived, folder), found))


def copy(bucket: str, arrived: Arrived, folder: str) -> dict[str, Any]:
    """Copy one version; S3 sums the bytes that it copies, so that nobody has to read them."""
    answer = project.client("s3").copy_object(
        Bucket=bucket,
        Key=folder + arrived.name,
        CopySource={"Bucket": bucket, "Key": arrived.key, "VersionId": arrived.version_id},
        ChecksumAlgorithm="SHA256",
        TaggingDirective="REPLACE",
    )
    sha256 = base64.b64decode(answer["CopyObjectResult"]["ChecksumSHA256"]).hex()
    if arrived.sha256 not in ("", sha256):
        raise PipelineError(
            f"{arrived.key}: its sha256 is {sha256[:12]}…, its manifest says {arrived.sha256[:12]}…; it was changed or "
            "not uploaded whole: upload it, and then the manifest again."
        )
    source = {"key": arrived.key, "version_id": arrived.version_id}
    entry = {"name": arrived.name, "size": arrived.size, "sha256": sha256, "source": source}
    return entry | {"version_id": answer.get("VersionId", "")}
