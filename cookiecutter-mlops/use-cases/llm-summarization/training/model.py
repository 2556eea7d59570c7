"""The model: what a data scientist edits. Everything around it (the loop, the gate, the server) stays as it is.

A language model that was trained before learns with LoRA to summarize this team's dialogues. Its weights are a folder
of safetensors, the channel `weights` of a job (`weights` under [model] in project.toml). Where none are given a tiny
model with random weights takes their place: good for trying the loop out, and for nothing else.
"""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training import language, machines, scores
from training.baseline import describe
from training.cells import DataError
from training.checkpoint import NOWHERE, Checkpoints
from training.contract import base as job_folder
from training.data import Rows, in_memory, load_table, split
from training.language import Language
from training.options import options, recipe
from training.settings import Settings, SettingsError

UNANSWERED: tuple[str, ...] = ()  # metrics that answers alone do not give, when ground truth arrives
DESCRIBED = 200  # summaries from which a baseline of the monitor is made
TINY = "no weights are given ([model] weights): a tiny model with random ones learns, which knows no language"


@dataclass(frozen=True)
class Lead:
    """The first turns of a dialogue, as they stand there."""

    turns: int

    def summaries(self, dialogues: list[str]) -> list[str | None]:
        return [" ".join(dialogue.splitlines()[: self.turns]) for dialogue in dialogues]


@dataclass(frozen=True)
class Model:
    """What writes summaries, and where the base lies that it was made from, as long as that is there."""

    input: str  # the column of dialogues
    summarizer: Any  # a Language, or the Lead
    base: Path | None = None
    kept: Any = None  # the temporary folder around it


def load(source: Path, settings: Settings) -> tuple[Rows, pd.DataFrame]:
    """Dialogues to learn from and dialogues to judge on, drawn by their content."""
    options(settings), recipe(settings), _input(settings)  # what is wrong is told before an hour of reading
    if settings.model.name == "qlora" and (problem := language.four_bits_problem()):
        raise SettingsError(f"project.toml: [model]: qlora {problem}.")
    return split(load_table(source, settings), settings)


def fit(learn: Rows, settings: Settings, checkpoints: Checkpoints = NOWHERE) -> Model:
    """Fine-tune the base on every device of every machine of the job, and merge what was learned into it."""
    from training.finetune import finetune  # here, because a server is without peft and trl in its memory

    own, rows, kept = options(settings), in_memory(learn), tempfile.TemporaryDirectory(prefix="finetune-")
    work = Path(kept.name)
    base = _base(rows, settings, work)
    _write_examples(rows, base, settings, work / "examples.jsonl")
    plan = {
        "recipe": asdict(recipe(settings)), "method": settings.model.name, "base": str(base), "context": own.context,
        "seed": settings.data.seed, "name": checkpoints.name,
        "checkpoints": None if checkpoints is NOWHERE else str(checkpoints.folder.absolute()),
    }  # fmt: skip
    (work / "plan.json").write_text(json.dumps(plan))
    machines.run(finetune, work)
    return Model(_input(settings), _merged(base, work / "adapter", settings), base, kept)


def trivial(learn: Rows, settings: Settings) -> Model:
    """The first turns of the dialogue: lead-n."""
    return Model(_input(settings), Lead(options(settings).lead))


def evaluate(model: Model, rows: pd.DataFrame, settings: Settings) -> tuple[dict[str, float], np.ndarray]:
    """ROUGE and length of a model's summaries and, while its base is there, of the untuned base's; a loss a row."""
    truths, answers = rows[settings.problem.target], predict(model, rows)
    losses = 1 - scores.each(truths, answers)[settings.problem.metric]
    values = score(truths, answers) | {"words": scores.words(answers)}
    if model.base is not None:
        values |= {f"base_{name}": value for name, value in _untuned(model, model.base, rows, settings).items()}
    return values, losses


def groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of a column for each row, as people read it."""
    return rows[column].fillna("missing")


def baseline(model: Model, learn: Rows) -> dict[str, Any]:
    """The words of dialogues, and of a few summaries: what drift is measured against."""
    rows = in_memory(learn)
    some = pd.Series(predict(model, rows.head(DESCRIBED)), dtype=object)
    return {
        "rows": len(learn),
        "columns": {model.input: describe(rows[model.input], "text")},
        "prediction": describe(some, "text"),
    }


def predict(model: Model, rows: pd.DataFrame) -> list[str | None]:
    """A summary of each dialogue, None where it is longer than the context."""
    return model.summarizer.summaries(rows[model.input].tolist())


def score(truth: Any, answers: Any, classification: bool = False) -> dict[str, float]:
    """The mean ROUGE of answers: while a model is judged, and when ground truth arrives later."""
    return {name: float(values.mean()) for name, values in scores.each(truth, answers).items()}


def save(model: Model, folder: Path) -> None:
    """Write safetensors, tokenizer and prompt, which transformers and vLLM read as they are, and schema.json."""
    model.summarizer.save(folder)
    schema = {"input": model.input, "context": model.summarizer.context, "summary": model.summarizer.summary}
    (folder / "schema.json").write_text(json.dumps(schema, indent=2))


def restore(folder: Path) -> Model:
    """The model of a folder; the caller has verified the folder's manifest."""
    schema = json.loads((folder / "schema.json").read_text())
    return Model(schema["input"], language.read(folder, schema["context"], schema["summary"]))


def _input(settings: Settings) -> str:
    if len(settings.features) != 1 or settings.features[0].type != "text":
        found = ", ".join(f"{column.name} ({column.type})" for column in settings.features)
        raise SettingsError(f"project.toml: [[columns]]: a request must be one column of type text (now: {found}).")
    return settings.features[0].name


def _base(rows: pd.DataFrame, settings: Settings, work: Path) -> Path:
    """The folder of the pre-trained weights, or of a tiny model that is made there."""
    if settings.model.weights:
        places = job_folder() / "input/data/weights", Path("weights") / settings.model.weights
        if found := next((place for place in places if (place / "config.json").is_file()), None):
            return found
        raise SettingsError(
            f"project.toml: [model]: there are no weights {settings.model.weights!r}: put the model's folder to "
            f"s3://<models bucket>/weights/{settings.model.weights}/, or here to {places[1]}/."
        )
    print(TINY, flush=True)
    texts = [*rows[_input(settings)], *rows[settings.problem.target]]
    language.tiny(texts, options(settings).context, settings.data.seed, work / "base")
    return work / "base"


def _write_examples(rows: pd.DataFrame, base: Path, settings: Settings, path: Path) -> None:
    """Dialogues and summaries as tokens, with a mark on those that are learned; longer ones are told of."""
    own, words = options(settings), language.tokenizer(base, prompt=True)
    written = 0
    with path.open("w") as file:
        for dialogue, summary in zip(rows[_input(settings)], rows[settings.problem.target], strict=True):
            asked = language.tokens(words, dialogue)
            whole = language.tokens(words, dialogue, summary)
            if len(whole) <= own.context:
                mask = [0] * len(asked) + [1] * (len(whole) - len(asked))
                file.write(json.dumps({"input_ids": whole, "completion_mask": mask}) + "\n")
                written += 1
    if not written:
        raise DataError(f"every dialogue is longer than [use_case] context, {own.context} tokens; nothing is learned.")
    print(f"{written} examples, {len(rows) - written} longer than {own.context} tokens and left out", flush=True)


def _merged(base: Path, adapter: Path, settings: Settings) -> Language:
    """The base in full precision with the adapter in it: what serves has one set of weights, and no peft."""
    from peft import PeftModel

    own = options(settings)
    untuned = language.read(base, own.context, own.summary, prompt=True)
    return replace(untuned, network=PeftModel.from_pretrained(untuned.network, adapter).merge_and_unload().eval())


def _untuned(model: Model, base: Path, rows: pd.DataFrame, settings: Settings) -> dict[str, float]:
    """What the base makes of the same prompts; the tuned one leaves the device to it meanwhile."""
    own, tuned = options(settings), model.summarizer.network
    place = tuned.device
    tuned.to("cpu")
    untuned = language.read(base, own.context, own.summary, prompt=True)
    answers = untuned.summaries(rows[model.input].tolist())
    del untuned
    tuned.to(place)
    return score(rows[settings.problem.target], answers) | {"words": scores.words(answers)}
