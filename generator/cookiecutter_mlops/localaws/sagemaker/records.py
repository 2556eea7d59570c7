"""What batch transform sends and keeps: records of a file, mini-batches of them, filters, and input joined to output.

See https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

Filter = Callable[[Any], Any]


class TooLarge(Exception):
    """A record is over MaxPayloadInMB."""


def split(content: bytes, kind: str) -> list[bytes]:
    """Return the records of a file: its lines, or all of it."""
    return [line for line in content.splitlines() if line] if kind == "Line" else [content]


def batches(records: list[bytes], strategy: str, limit: float) -> Iterator[list[bytes]]:
    """Group records into mini-batches of at most `limit` bytes; a record over that raises TooLarge."""
    batch: list[bytes] = []
    size = 0
    for record in records:
        if len(record) > limit:
            raise TooLarge(f"Too much data for max payload size ({len(record)} bytes in one record)")
        if batch and (strategy == "SingleRecord" or size + len(record) + 1 > limit):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record) + 1
    if batch:
        yield batch


class Processing:
    """DataProcessing of a transform job: InputFilter before the model, JoinSource and OutputFilter after it."""

    def __init__(self, settings: dict[str, Any], input_type: str, output_type: str) -> None:
        self.joins = settings.get("JoinSource", "None") == "Input"
        self.read, self.write = _format(input_type), _format(output_type)
        self.before, self.after = _filter(settings.get("InputFilter", "$")), _filter(settings.get("OutputFilter", "$"))
        self.is_active = self.joins or bool({"InputFilter", "OutputFilter"} & settings.keys())

    def sent(self, record: bytes) -> bytes:
        """Return what the model gets of a record."""
        return self.read.text(self.before(self.read.parse(record))) if self.is_active else record

    def kept(self, record: bytes, answer: bytes) -> bytes:
        """Return what the output keeps of a record and the model's answer to it."""
        if not self.is_active:
            return answer
        value = self.write.parse(answer)
        if self.joins:
            value = self.read.join(self.read.parse(record), value)
        return (self.read if self.joins else self.write).text(self.after(value))


class _Csv:
    def parse(self, text: bytes) -> Any:
        return next(csv.reader([text.decode()]), [])

    def text(self, value: Any) -> bytes:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return buffer.getvalue().encode()

    def join(self, given: Any, answer: Any) -> Any:
        return [*given, *(answer if isinstance(answer, list) else [json.dumps(answer)])]


class _Json:
    def parse(self, text: bytes) -> Any:
        return json.loads(text)

    def text(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def join(self, given: Any, answer: Any) -> Any:
        if isinstance(given, dict):
            return given | {"SageMakerOutput": answer}
        return {"SageMakerInput": given, "SageMakerOutput": answer}


def _format(content_type: str) -> _Csv | _Json:
    return _Csv() if content_type.startswith("text/csv") else _Json()


def _filter(path: str) -> Filter:
    """Return what a JSONPath keeps of a value: one member as it is, several as a list, named ones as an object."""
    if path == "$":
        return lambda value: value
    from jsonpath_ng import Fields, parse

    expression = parse(path)

    def keep(value: Any) -> Any:
        found = expression.find(value)
        names = [match.path.fields[0] for match in found if isinstance(match.path, Fields)]
        if len(names) > 1:
            return dict(zip(names, (match.value for match in found), strict=True))
        values = [match.value for match in found]
        return values[0] if len(values) == 1 and not path.endswith(":]") else values

    return keep
