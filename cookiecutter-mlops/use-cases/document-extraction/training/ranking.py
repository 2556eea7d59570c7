"""The default model: for each field a ranker of candidates (training/ranker.py), on any CPU."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from training import ranker
from training.checkpoint import Checkpoints
from training.document import Document
from training.ranker import Found

FILE = "model.skops"


class Finder(Protocol):
    """What finds one field in a document."""

    def find(self, document: Document) -> Found | None: ...


@dataclass(frozen=True)
class Rankers:
    """What finds each field."""

    finders: Mapping[str, Any]
    name: ClassVar[str] = "candidate-ranker"

    def find(self, document: Document) -> dict[str, Found | None]:
        return {name: one.find(document) for name, one in self.finders.items()}

    def save(self, folder: Path) -> None:
        (folder / FILE).write_bytes(ranker.dump(dict(self.finders)))


def fit(
    documents: list[Document], truths: list[dict[str, str | None]], fields: dict[str, str],
    parameters: dict[str, Any], checkpoints: Checkpoints,
) -> Rankers:  # fmt: skip
    """A ranker for each field; a training that was interrupted keeps those that it had."""
    finders: dict[str, Finder] = {}
    for name, kind in fields.items():
        part = checkpoints.part(name)
        step, state = part.newest() or (0, b"")
        if not step:
            labels = [truth.get(name) for truth in truths]
            state = ranker.dump({name: ranker.fit(kind, documents, labels, parameters)})
            part.save(1, state)
        finders |= ranker.load(state)
        print(f"field {name}: {'kept' if step else 'fitted'}", flush=True)
    return Rankers(finders)


def restore(folder: Path) -> Rankers:
    """The rankers of a folder; the caller has verified its manifest."""
    return Rankers(ranker.load((folder / FILE).read_bytes()))
