"""A few dialogues, and settings that learn them in a moment."""

from typing import Any

import pandas as pd

from training.settings import Settings, parse_settings

WISHES = {"a refund": "wants a refund", "a technician": "asks for a technician", "a new card": "needs a new card"}
NAMES = ("Ada", "Bruno", "Carla", "Dario")


def settings_for(
    weights: str = "",
    method: str = "lora",
    use_case: dict[str, Any] | None = None,
    drift: dict[str, Any] | None = None,
    **hyperparameters: Any,
) -> Settings:
    columns = [{"name": name, "type": "text", "missing": 0} for name in ("dialogue", "summary")]
    quick = {"epochs": 1, "batch_size": 4, "accumulation": 1, "learning_rate": 3e-3, "checkpoint_steps": 2,
             "dropout": 0.1, "gradient_checkpointing": False}  # fmt: skip
    return parse_settings(
        {
            "problem": {"type": "summarization", "target": "summary", "metric": "rougeL"},
            "gate": {"minimum_rows": 3},
            "model": {"name": method, "weights": weights, "hyperparameters": quick | hyperparameters},
            "use_case": {"context": 96, "summary": 16} | (use_case or {}),
            "drift": drift or {},
            "columns": columns,
        }
    )


def table() -> pd.DataFrame:
    rows = [
        {"dialogue": f"Agent: How can I help?\nCustomer: It is {name}, I want {wish}.\nAgent: Done.",
         "summary": f"{name} {told}."} for name in NAMES for wish, told in WISHES.items()
    ]  # fmt: skip
    return pd.DataFrame(rows * 2)
