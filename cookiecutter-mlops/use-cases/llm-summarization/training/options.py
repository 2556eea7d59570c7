"""What [use_case] and [model.hyperparameters] of project.toml say, checked and typed."""

from dataclasses import dataclass
from typing import Any

from training.settings import Settings, SettingsError, section

METHODS = ("lora", "qlora")
PRECISIONS = ("auto", "bf16", "fp32")


@dataclass(frozen=True)
class Options:
    """`[use_case]`: how long prompts and summaries may be."""

    context: int = 1024  # tokens of a prompt and its summary together
    summary: int = 96  # tokens of the longest summary
    lead: int = 3  # turns that are the trivial summary


@dataclass(frozen=True)
class Recipe:
    """How the base is fine-tuned; the defaults suit pre-trained weights of 1 to 8 billion parameters."""

    epochs: float = 3.0
    learning_rate: float = 2e-4
    batch_size: int = 4  # examples at once on a device
    accumulation: int = 4  # batches of a step
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    train_embeddings: bool = False  # also the words themselves, where the base does not know them yet
    packing: bool = True  # several short examples in one sequence
    precision: str = "auto"  # of the frozen base and of the arithmetic: bf16 where the device computes in it
    gradient_checkpointing: bool = True  # time for memory: activations are computed anew on the way back
    checkpoint_steps: int = 50


def check(settings: Settings) -> None:
    """Raise a SettingsError where project.toml names what cannot be learned."""
    options(settings)
    recipe(settings)


def options(settings: Settings) -> Options:
    """The table as a dataclass; a SettingsError names the entry, the rule and a good example."""
    found: Options = section(Options, settings.use_case, "[use_case]")
    _require(found.lead > 0, "[use_case]: lead must be 1 or more, such as 3", found.lead)
    _require(found.summary > 0, "[use_case]: summary must be 1 or more, such as 96", found.summary)
    rule = "[use_case]: context must be more than summary, such as 1024"
    _require(found.context > found.summary, rule, found.context)
    return found


def recipe(settings: Settings) -> Recipe:
    """How to fine-tune; hyperparameters of a job lie over those of the file."""
    found: Recipe = section(Recipe, settings.model.hyperparameters, "[model.hyperparameters]")
    _require(settings.model.name in METHODS, f"[model]: name must be {' or '.join(METHODS)}", settings.model.name)
    for name in ("epochs", "learning_rate", "batch_size", "accumulation", "rank", "alpha", "checkpoint_steps"):
        value = getattr(found, name)
        _require(value > 0, f"[model.hyperparameters]: {name} must be more than 0", value)
    rule = f"[model.hyperparameters]: precision must be {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}"
    _require(found.precision in PRECISIONS, rule, found.precision)
    rule = "[model.hyperparameters]: dropout must be from 0 to 1, such as 0.05"
    _require(0 <= found.dropout < 1, rule, found.dropout)
    return found


def _require(condition: bool, rule: str, value: Any) -> None:
    if not condition:
        raise SettingsError(f"project.toml: {rule} (now: {value!r}).")
