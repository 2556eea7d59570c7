"""Captured requests as an endpoint leaves them, for the tests of monitoring."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def line(key: str, hour: str, instances: list[Any], predictions: list[Any] | None) -> str:
    """One captured request; predictions None: the answer was not captured."""
    messages = {"endpointInput": {"instances": instances}, "endpointOutput": {"predictions": predictions}}
    captured = {
        name: {"observedContentType": "application/json", "encoding": "JSON", "data": json.dumps(content)}
        for name, content in messages.items()
        if predictions is not None or name == "endpointInput"
    }
    metadata = {"eventId": f"event-{key}", "inferenceId": key, "inferenceTime": f"{hour}:15:00Z"}
    return json.dumps({"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"})


def write(folder: Path, lines: Iterable[str], name: str = "00-00-000.jsonl") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")


def truth(key: str, values: list[Any]) -> str:
    """Ground truth for one request, in SageMaker's format."""
    data = {"data": ",".join("" if value is None else str(value) for value in values), "encoding": "CSV"}
    return json.dumps({"groundTruthData": data, "eventMetadata": {"eventId": key}, "eventVersion": "0"})
