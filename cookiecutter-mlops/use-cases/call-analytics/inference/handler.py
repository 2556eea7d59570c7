"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"call": "c1", "turns": [{"speaker": "customer", "text": "i lost my card"}, …]}]}
    ->  {"predictions": ["reportlostcard"], "details": [{"intents": […], "sentiment": …, "turns": […], …}]}

A single turn is a call of its own: {"call": "c1", "speaker": "customer", "text": "…"}, as a row of the training data.
A recording in base64 stands for its turns, {"call": "c1", "audio": "…"}, where the model has a Whisper, and so does a
body of the types in READERS.
A call that cannot be answered has "problem" in its place, a sentence, and the others have their answers.
The server asks `restore` once, then `read` and `answer` for every request; see inference/server.py.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inference import asked, sentiment, table
from inference.asked import TURNS, Asked
from inference.redaction import redact
from inference.rows import Rows
from inference.transcribe import whisper
from training import model as models
from training import serving, slots, turns
from training.cells import JOINT
from training.model import Model
from training.options import options
from training.settings import Settings

EXAMPLES = 5
LOOKED_AT = 30  # turns and calls, to record the most telling ones
SLOWEST = 600.0  # seconds: a long recording through a Whisper on a CPU
EMPTY = "nobody says a word in this call"
READERS = dict.fromkeys(("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"), asked.sound)
WRITERS = {table.PARQUET: table.parquet}  # by content type, beside those of inference/formats.py


@dataclass(frozen=True)
class Served:
    """A model that answers, and how its requests are read."""

    model: Model
    rows: Rows


def restore(folder: Path) -> Served:
    """The model that answers; the server has verified the folder's manifest."""
    return serve(models.restore(folder))


def serve(model: Model) -> Served:
    """A model in memory."""
    return Served(model, Rows(model.columns))


def rung(model: Served) -> tuple[str, str]:
    """Which rung serves, and why none above it does."""
    return "whole", serving.WHY


def fields(model: Served) -> tuple[str, ...]:
    """The names of the columns, in the order of a line without a header."""
    return tuple(model.rows.columns)


def read(model: Served, instances: list[Any]) -> list[Asked]:
    """The calls, each with what is wrong with it; a DataError where all of them break a rule."""
    speech = model.model.speech
    return asked.read(model.rows, model.model.call, instances, whisper(str(speech)) if speech else None)


def answer(model: Served, calls: list[Asked]) -> dict[str, list[Any]]:
    """Answers for calls, an entry for each in every list."""
    told = _turns(model.model, _table(model, calls))
    details = [_empty(call.problem) for call in calls]
    said: dict[int, list[str]] = {}
    for number, part in told.groupby("number", sort=False):
        details[int(number)] = _whole(part)
        said[int(number)] = part.loc[part["customer"], "redacted"].tolist()
    if model.model.groups is not None:
        chosen = model.model.groups.assign(["\n".join(texts) for texts in said.values()])
        for number, group in zip(said, chosen, strict=True):
            details[number]["group"] = {"id": int(group), "name": model.model.groups.name(group)}
    details = [{"call": call.call, **call.measures, **own} for call, own in zip(calls, details, strict=True)]
    return {"predictions": [JOINT.join(each["intents"]) for each in details], "details": details}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A turn and a few calls with their answers: a server probes itself with them, a release is verified with them."""
    turns = instances_of(model, rows.head(LOOKED_AT))
    asked = [*_telling(model, turns)[:1], *_telling(model, _calls_of(model, rows))[: EXAMPLES - 1]]
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in asked]


def instances_of(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Turns as an application sends them one by one."""
    table = rows[list(model.rows.columns)].astype(object)
    return table.where(table.notna(), None).to_dict("records")


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: the words of each caller, where there are none, unknown fields.

    Words are redacted by rules here: a report must not repeat an account number.
    """
    own, column = options(settings), next(each for each in settings.columns if each.name == options(settings).text)
    names = {each.name for each in settings.features} | asked.FIELDS
    rows = [instance if isinstance(instance, dict) else {} for instance in instances]
    said = pd.Series([redact("\n".join(asked.said(row, own.text, own.speaker, own.customer))) or None for row in rows])
    unknown = Counter(name for row in rows for name in row.keys() - names)
    values = pd.DataFrame({own.text: said.astype(object)})
    return values, values.isna() & (column.missing == 0), unknown


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return list(response["predictions"])


def _table(model: Served, calls: list[Asked]) -> pd.DataFrame:
    """A row a turn: the number of its call in the request, who speaks, and what."""
    names = list(model.rows.columns)
    rows = [(number, dict(zip(names, row, strict=True))) for number, call in enumerate(calls) for row in call.turns]
    of = model.model
    return pd.DataFrame(
        {
            "number": pd.Series([number for number, _ in rows], dtype=int),
            "speaker": pd.Series([row[of.speaker] if of.speaker else of.customer for _, row in rows], dtype=object),
            "text": pd.Series([row[of.text] or "" for _, row in rows], dtype=object),
        }
    )


def _turns(model: Model, table: pd.DataFrame) -> pd.DataFrame:
    """What each turn means, whoever speaks; only the customer's have intents."""
    # Of each speaker the own turn before: agents' turns taught nothing.
    inputs = turns.inputs(table["number"].astype(str) + " " + table["speaker"].astype(str), table["text"])
    customer = table["speaker"] == model.customer
    redacted, tags = model.redacted(inputs)
    found = [slots.values(text, tag) for text, tag in zip(inputs["text"], tags, strict=True)]
    intents = pd.Series("", table.index, dtype=object)
    intents[customer] = model.of_turns(inputs[customer])
    return table.assign(
        customer=customer, redacted=redacted, slots=pd.Series(found, table.index, dtype=object), intents=intents,
        sentiment=pd.Series(sentiment.scores(table["text"].tolist()), table.index, dtype=float),
    )  # fmt: skip


def _whole(told: pd.DataFrame) -> dict[str, Any]:
    """A call from its turns: what the caller wants, and how the caller feels on average."""
    of_customer = told[told["customer"]]
    if not told["text"].str.strip().any():
        return _empty(None)
    wanted = sorted({name for text in of_customer["intents"] for name in turns.split(text)})
    feeling = round(float(of_customer["sentiment"].mean()), 4) if len(of_customer) else 0.0
    return {"intents": wanted, **_feeling(feeling), TURNS: [_turn(row) for row in told.itertuples()]}


def _turn(row: Any) -> dict[str, Any]:
    intents, feeling = turns.split(row.intents), _feeling(row.sentiment)
    return {"speaker": row.speaker, "text": row.redacted, "intents": intents, **feeling, "slots": row.slots}


def _feeling(score: float) -> dict[str, Any]:
    return {"sentiment": score, "feeling": sentiment.name(score)}


def _empty(problem: str | None) -> dict[str, Any]:
    return {"intents": [], **_feeling(0.0), TURNS: [], asked.PROBLEM: problem or EMPTY}


def _calls_of(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    call = model.model.call
    some = rows[rows[call].isin(rows[call].unique()[:LOOKED_AT])]
    return [
        {call: name, TURNS: [{k: v for k, v in turn.items() if k != call} for turn in instances_of(model, part)]}
        for name, part in some.groupby(call, sort=False)
    ]


def _telling(model: Served, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those first in which most is wanted and named: they show people what an answer holds."""
    told = predict(model, instances)["details"]
    worth = [(len(each["intents"]), sum(len(turn["slots"]) for turn in each[TURNS])) for each in told]
    return [instances[place] for place in sorted(range(len(told)), key=worth.__getitem__, reverse=True)]
