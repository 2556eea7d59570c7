"""The other model: LayoutLMv3, a transformer that sees words and where they stand, fine-tuned on one's own documents.

Huang et al., LayoutLMv3 (2022), https://arxiv.org/abs/2204.08387; of it the words and boxes, not the picture. Every
word is told which field it belongs to, or none. It needs torch and transformers: `requirements/layout.txt`.

    [model]
    name = "layout-transformer"
    [model.hyperparameters]
    pretrained = "/opt/ml/input/data/pretrained"    # a folder with config.json, model.safetensors and tokenizer.json
    epochs = 20
    batch = 8
    learning_rate = 5e-5

Nothing is downloaded (bandit's B615 fears that). Without `pretrained` a small network begins with random weights.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import safetensors.torch as safetensors
import torch
from tokenizers import Tokenizer
from transformers import LayoutLMv3Config, LayoutLMv3ForTokenClassification

from training.candidates import Candidate
from training.checkpoint import Checkpoints
from training.document import Document, around
from training.pieces import Piece, encoded, new_tokenizer, pieces_of, tags_of, windows
from training.ranker import Found
from training.settings import SettingsError

FILES = ("config.json", "model.safetensors", "tokenizer.json")  # of a network
DEFAULTS = {"pretrained": None, "epochs": 20, "batch": 8, "learning_rate": 5e-4, "seed": 0}
SMALL: dict[str, Any] = {  # without pre-trained weights; hidden_size = 4 * coordinate_size + 2 * shape_size
    "hidden_size": 96, "coordinate_size": 16, "shape_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 192,
}  # fmt: skip
IGNORED = -100  # the tag of what is not learned from: all tokens of a word but its first
Rows = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Layout:
    """A fine-tuned network; tag 0 is no field, tag n the n-th one."""

    network: Any
    tokenizer: Tokenizer
    name: ClassVar[str] = "layout-transformer"

    def find(self, document: Document) -> dict[str, Found | None]:
        found: dict[str, list[Found]] = {field: [] for field in self.fields}
        for number, page in enumerate(document.pages):
            pieces = pieces_of(page)
            for tag, run, sure in _runs(self._shares(pieces, page.width, page.height)):
                found[self.fields[tag - 1]].append(_found(number, [pieces[place] for place in run], sure))
        return {field: max(ones, key=lambda one: one.confidence, default=None) for field, ones in found.items()}

    @property
    def fields(self) -> list[str]:
        labels: dict[int, str] = self.network.config.id2label
        return [labels[tag] for tag in range(1, len(labels))]

    def _shares(self, pieces: list[Piece], width: float, height: float) -> torch.Tensor:
        """How likely each piece has each tag: the mean over the windows in which it stands."""
        total, seen = torch.zeros(len(pieces), len(self.fields) + 1), torch.zeros(len(pieces), 1)
        ids = encoded(self.tokenizer, pieces)
        self.network.eval()
        for window in windows([len(one) for one in ids]):
            row = _row([pieces[i] for i in window], [ids[i] for i in window], [0] * len(window), width, height)
            with torch.no_grad():
                given = {name: value[None].to(self.network.device) for name, value in row.items() if name != "labels"}
                shares = self.network(**given).logits[0].float().softmax(-1).cpu()
            total[list(window)] += shares[row["labels"] != IGNORED]
            seen[list(window)] += 1
        return total / seen.clamp(min=1)

    def save(self, folder: Path) -> None:
        self.network.save_pretrained(folder)  # config.json and model.safetensors
        self.tokenizer.save(str(folder / FILES[-1]))


def restore(folder: Path, **facts: Any) -> Layout:
    """The network of a folder; the caller has verified its manifest."""
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise SettingsError(f"pretrained: {folder} must hold {', '.join(FILES)} (missing: {', '.join(missing)}).")
    network: Any = LayoutLMv3ForTokenClassification.from_pretrained(  # nosec B615
        folder, local_files_only=True, use_safetensors=True, **facts
    )
    return Layout(network.to(_device()), Tokenizer.from_file(str(folder / FILES[-1])))


def fit(
    documents: list[Document], truths: list[dict[str, str | None]], fields: dict[str, str],
    parameters: dict[str, Any], checkpoints: Checkpoints,
) -> Layout:  # fmt: skip
    """Fine-tune; a training that was interrupted goes on after the last epoch that it had finished."""
    if unknown := sorted(parameters.keys() - DEFAULTS.keys()):
        known = f"[model.hyperparameters] of layout-transformer may hold {', '.join(DEFAULTS)}"
        raise SettingsError(f"project.toml: {known} (got: {', '.join(unknown)}).")
    options: dict[str, Any] = DEFAULTS | parameters
    torch.manual_seed(options["seed"])
    model = _begin(documents, list(fields), options["pretrained"])
    rows = [row for document, truth in zip(documents, truths, strict=True) for row in _rows(model, document, truth)]
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=options["learning_rate"])
    done = _continued(model, optimizer, checkpoints)
    for epoch in range(done + 1, options["epochs"] + 1):
        torch.manual_seed(options["seed"] + epoch)  # the same order and dropout, also after an interruption
        loss = _epoch(model.network, optimizer, rows, options["batch"])
        print(f"epoch {epoch} of {options['epochs']}: loss {loss:.4f}", flush=True)
        checkpoints.save(epoch, _state(model.network, optimizer))
    return model


def _begin(documents: list[Document], fields: list[str], pretrained: str | None) -> Layout:
    names = dict(enumerate(["none", *fields]))
    facts: dict[str, Any] = {
        "visual_embed": False,
        "id2label": names,
        "label2id": {name: tag for tag, name in names.items()},
    }
    if pretrained:
        return restore(Path(pretrained), **facts)
    tokenizer = new_tokenizer(documents)
    config = LayoutLMv3Config(vocab_size=tokenizer.get_vocab_size(), **SMALL, **facts)
    network: Any = LayoutLMv3ForTokenClassification(config)
    return Layout(network.to(_device()), tokenizer)


def _state(network: Any, optimizer: Any) -> bytes:
    """What goes on from an epoch as if nothing had been in between, in a format that cannot run code."""
    moments = {
        f"optimizer {number} {name}": value
        for number, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
    }
    return safetensors.save({name: value.contiguous() for name, value in (network.state_dict() | moments).items()})


def _continued(model: Layout, optimizer: Any, checkpoints: Checkpoints) -> int:
    """The last epoch that an interrupted training had finished, whose state is taken over; or 0."""
    epoch, content = checkpoints.newest() or (0, b"")
    if epoch:
        kept, moments = safetensors.load(content), dict[int, dict[str, torch.Tensor]]()
        for key in [key for key in kept if key.startswith("optimizer ")]:
            _, number, name = key.split(" ")
            moments.setdefault(int(number), {})[name] = kept.pop(key)
        model.network.load_state_dict(kept)
        optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    return epoch


def _epoch(network: Any, optimizer: Any, rows: list[Rows], size: int) -> float:
    """Learn from every row once, in a new order; the mean loss."""
    network.train()
    losses = []
    for batch in torch.randperm(len(rows)).split(size):
        given = _padded([rows[place] for place in batch])
        with torch.autocast(network.device.type, torch.bfloat16, enabled=network.device.type == "cuda"):
            loss = network(**{name: value.to(network.device) for name, value in given.items()}).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / max(1, len(losses))


def _rows(model: Layout, document: Document, truth: dict[str, str | None]) -> list[Rows]:
    """A row for each window of each page."""
    rows = []
    for page in document.pages:
        pieces = pieces_of(page)
        tags, ids = tags_of(pieces, [truth.get(field) for field in model.fields]), encoded(model.tokenizer, pieces)
        for window in windows([len(one) for one in ids]):
            part = slice(window.start, window.stop)
            rows.append(_row(pieces[part], ids[part], tags[part], page.width, page.height))
    return rows


def _row(pieces: list[Piece], ids: list[list[int]], tags: list[int], width: float, height: float) -> Rows:
    """Tokens between <s> (0) and </s> (2), their boxes in thousandths of the page, and the tag of each word."""
    tokens, boxes, labels = [0], [[0, 0, 0, 0]], [IGNORED]
    for piece, own, tag in zip(pieces, ids, tags, strict=True):
        edges = zip(piece.word.box, (width, height) * 2, strict=True)
        tokens += own
        boxes += [[min(1000, max(0, int(1000 * edge / whole))) for edge, whole in edges]] * len(own)
        labels += [tag] + [IGNORED] * (len(own) - 1)
    row = {"input_ids": [*tokens, 2], "bbox": [*boxes, [0, 0, 0, 0]], "labels": [*labels, IGNORED]}
    return {name: torch.tensor(values) for name, values in (row | {"attention_mask": [1] * (len(tokens) + 1)}).items()}


def _padded(rows: list[Rows]) -> Rows:
    fill = {"input_ids": 1, "bbox": 0, "labels": IGNORED, "attention_mask": 0}
    pad = torch.nn.utils.rnn.pad_sequence
    return {n: pad([row[n] for row in rows], batch_first=True, padding_value=value) for n, value in fill.items()}


def _runs(shares: torch.Tensor) -> list[tuple[int, range, float]]:
    """Neighbouring pieces with the same field: its tag, their places, and how sure that is."""
    runs = []
    for tag, places in itertools.groupby(range(len(shares)), key=lambda place: int(shares[place].argmax())):
        run = list(places)
        if tag:
            runs.append((tag, range(run[0], run[-1] + 1), float(shares[run, tag].mean())))
    return runs


def _found(page: int, pieces: list[Piece], sure: float) -> Found:
    text, box = " ".join(one.word.text for one in pieces), around([one.word.box for one in pieces])
    return Found(Candidate(text, page, pieces[0].segment, pieces[-1].segment + 1, box), sure)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
