"""Why a model answers as it does, for the training report. A use case that can say so has a file of its own here."""

from typing import Any

from training.settings import Settings


def explain(model: Any, rows: Any, settings: Settings) -> dict[str, Any]:
    """What evaluation.json keeps as `explanation`; `rows` are of the hold-out.

    importance     by column: by how much the mean loss of a row grows when its values are shuffled, and its spread
    dependence     by column: pairs of a value, and the mean answer if every row had it
    answer         what the mean answer is of, in words
    """
    return {}
