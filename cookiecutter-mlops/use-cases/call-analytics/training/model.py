"""The model: what a data scientist edits. Everything around it (the loop, the gate, the server) stays as it is.

Three things are learned from the turns of calls: which intents a turn has (training/intents.py), which of its words are
names, amounts, … (training/slots.py), and which calls are alike (training/likeness.py). Settings: project.toml.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn import metrics
from sklearn.pipeline import Pipeline

from inference.redaction import redact
from training import artifact, intents, likeness, picture, slots, turns
from training.baseline import describe
from training.cells import JOINT
from training.checkpoint import NOWHERE, Checkpoints
from training.contract import base as job_folder
from training.data import Rows, in_memory, load_table, split
from training.options import check, options
from training.settings import Column, Settings, SettingsError

WHISPER = "whisper"  # its folder in a model's
TRUSTED: list[str] = []  # types beside the public ones of scikit-learn that a model file may hold: none
UNANSWERED = ("exact_match", "f1_macro", "f1_micro")  # of turns; answers and ground truth are of whole calls


@dataclass(frozen=True)
class Model:
    """What was learned, and what is needed to feed it."""

    columns: tuple[Column, ...]  # of a request
    call: str  # names of columns
    text: str
    speaker: str | None
    customer: str
    private: tuple[str, ...]
    classes: list[str]
    common: str  # the most frequent intents of a turn: the answer where there is no estimator
    intents: Pipeline | None
    tagger: Pipeline | None
    groups: likeness.Groups | None
    speech: Path | None = None  # the folder of a Whisper, which hears recordings; nothing is learned in it

    def of_turns(self, table: pd.DataFrame) -> np.ndarray:
        """The intents of turns (training/turns.py `inputs`), joined as in the target's column."""
        if self.intents is None or table.empty:
            return np.full(len(table), self.common, dtype=object)
        chosen = intents.decide(np.atleast_2d(self.intents.decision_function(table)))
        names = np.array(self.classes, dtype=object)
        return np.array([JOINT.join(names[row]) for row in chosen.astype(bool)], dtype=object)

    def redacted(self, table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
        """The words of turns without what is private, and the slot of each word."""
        likely, careful = slots.tags(self.tagger, table)
        return [redact(text, tags, self.private) for text, tags in zip(table["text"], careful, strict=True)], likely


def load(source: Path, settings: Settings) -> tuple[Rows, pd.DataFrame]:
    """Turns to learn from and turns to judge on, of different calls."""
    check(settings)  # what is wrong with project.toml is told before an hour of reading
    speech(settings)
    return split(load_table(source, settings), settings)


def fit(learn: Rows, settings: Settings, checkpoints: Checkpoints = NOWHERE) -> Model:
    """What turns teach; it takes minutes for a million of them, so that no state is kept in between.

    Of more turns than fit into memory, intents and slots are learned from whole calls that stand for all (a sample),
    and K-Means goes through all of them.
    """
    own, target, call = options(settings), settings.problem.target, str(settings.data.group)
    rows = _customers(in_memory(learn), settings)
    table = turns.inputs(rows[call], rows[own.text])
    print(f"intents: learned from {len(rows):,} turns of {rows[call].nunique():,} calls", flush=True)
    empty = trivial(learn, settings)
    estimator = intents.estimator(settings).fit(table, turns.matrix(rows[target], empty.classes))
    tagger = slots.fit(table, rows[own.slots], settings.data.seed) if own.slots else None
    tagged = Model(**vars(empty) | {"intents": estimator, "tagger": tagger})
    everything = None
    if not isinstance(learn, pd.DataFrame):
        everything = (_documents(tagged, _customers(some, settings)) for some in learn)
    wanted = turns.together(rows[call], rows[target])
    found = likeness.find(_documents(tagged, rows), wanted, own.groups, settings.data.seed, everything)
    print(f"groups: {json.dumps(found.facts)}", flush=True)
    return Model(**vars(tagged) | {"groups": found, "speech": speech(settings)})


def trivial(learn: Rows, settings: Settings) -> Model:
    """The most frequent intents, whatever is said."""
    own, known = options(settings), in_memory(learn)[settings.problem.target]
    classes = sorted({name for text in known for name in turns.split(text)})
    return Model(
        settings.features, str(settings.data.group), own.text, own.speaker, own.customer, own.private, classes,
        known.mode()[0], None, None, None,
    )  # fmt: skip


def evaluate(model: Model, rows: pd.DataFrame, settings: Settings) -> tuple[dict[str, float], np.ndarray]:
    """The metrics of a model on turns and on their calls, and for each turn 1 if its intents are not exactly right."""
    truth, answers = rows[settings.problem.target], predict(model, rows)
    calls = rows[model.call]
    whole = score(turns.together(calls, truth), turns.together(calls, answers), True)
    return _of_labels(truth, answers) | whole, (truth.to_numpy() != answers).astype(float)


def groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of a column for each row, as people read it."""
    return rows[column].fillna("missing")


def baseline(model: Model, learn: Rows) -> dict[str, Any]:
    """The words and the intents of calls: what drift is measured against."""
    rows = in_memory(learn)
    calls = rows[model.call]
    said = turns.documents(calls, [redact(text) for text in rows[model.text].fillna("")])
    wanted = turns.together(calls, predict(model, rows))
    return {"rows": len(said), "columns": {model.text: describe(said, "text")}, "prediction": describe(wanted, "text")}


def predict(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """The intents of each turn, such as `close|pay`."""
    return model.of_turns(turns.inputs(rows[model.call], rows[model.text]))


def score(truth: Any, answers: Any, classification: bool) -> dict[str, float]:
    """The metrics of whole calls: while a model is judged, and when ground truth arrives later."""
    found = _of_labels(pd.Series(truth), np.asarray(answers, dtype=object))
    return {f"group_{name}": found[name] for name in ("exact_match", "f1_macro")}


def save(model: Model, folder: Path) -> None:
    """Write the model as safe formats: skops for what scikit-learn fitted, JSON, npz and SVG for the rest."""
    parts = {"intents": model.intents, "slots": model.tagger, "encoder": model.groups and model.groups.encoder}
    for name, part in parts.items():
        if part is not None:
            (folder / f"{name}.skops").write_bytes(artifact.reproducible(skops.io.dumps(part)))
    schema = {key: value for key, value in vars(model).items() if key not in ("intents", "tagger", "groups", "speech")}
    schema["columns"] = [asdict(column) for column in model.columns]
    (folder / "schema.json").write_text(json.dumps(schema, indent=2, default=str))
    if model.groups is not None:
        _save_groups(model.groups, folder)
    if model.speech is not None:
        shutil.copytree(model.speech, folder / WHISPER)


def restore(folder: Path) -> Model:
    """The model of a folder; the caller has verified the folder's manifest."""
    schema = json.loads((folder / "schema.json").read_text())
    entries = [entry | {"categories": tuple(entry["categories"])} for entry in schema["columns"]]
    schema |= {"columns": tuple(Column(**entry) for entry in entries), "private": tuple(schema["private"])}
    heard = folder / WHISPER if (folder / WHISPER).is_dir() else None
    parts: dict[str, Any] = {"intents": _part(folder, "intents"), "tagger": _part(folder, "slots")}
    parts["groups"] = _groups(folder)
    return Model(**schema, **parts, speech=heard)


def speech(settings: Settings) -> Path | None:
    """The folder of the Whisper that [model] weights names: the job's channel `weights`, or one on this laptop."""
    if not settings.model.weights:
        return None
    places = job_folder() / "input/data/weights", Path("weights") / settings.model.weights
    if found := next((place for place in places if (place / "model.bin").is_file()), None):
        return found
    raise SettingsError(
        f"project.toml: [model]: there is no Whisper {settings.model.weights!r}: put its folder (model.bin, …) to "
        f"s3://<models bucket>/weights/{settings.model.weights}/, or here to {places[1]}/."
    )


def _customers(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    own = options(settings)
    return rows if own.speaker is None else rows[rows[own.speaker] == own.customer]


def _documents(model: Model, rows: pd.DataFrame) -> pd.Series:
    """What each customer says in a call, redacted."""
    calls = rows[model.call]
    return turns.documents(calls, model.redacted(turns.inputs(calls, rows[model.text]))[0])


def _of_labels(truth: pd.Series, answers: np.ndarray) -> dict[str, float]:
    classes = sorted({name for text in [*truth, *answers] for name in turns.split(text)})
    known, given = turns.matrix(truth, classes), turns.matrix(pd.Series(answers), classes)
    macro, micro = (metrics.f1_score(known, given, average=kind, zero_division=0) for kind in ("macro", "micro"))
    exact = float((known == given).all(axis=1).mean())
    return {"exact_match": exact, "f1_macro": float(macro), "f1_micro": float(micro)}


def _save_groups(found: likeness.Groups, folder: Path) -> None:
    facts = {"names": found.names, "neighbours": found.neighbours, "radius": found.radius, "facts": found.facts}
    (folder / "groups.json").write_text(json.dumps(facts, indent=2))
    np.savez(folder / "groups.npz", vectors=found.vectors, members=found.members)
    drawn = picture.draw(likeness.picture(found), found.members, found.names, likeness.OTHER)
    (folder / "map.svg").write_text(drawn, encoding="utf-8")


def _groups(folder: Path) -> likeness.Groups | None:
    encoder = _part(folder, "encoder")
    if encoder is None:
        return None
    with np.load(folder / "groups.npz") as stored:
        return likeness.Groups(encoder, **dict(stored), **json.loads((folder / "groups.json").read_text()))


def _part(folder: Path, name: str) -> Pipeline | None:
    path = folder / f"{name}.skops"
    return skops.io.load(path, trusted=TRUSTED) if path.is_file() else None
