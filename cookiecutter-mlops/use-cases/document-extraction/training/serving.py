"""What the server needs beside the model: nothing, because the model is served as it is."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from training.model import Model


def export(model: Model, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Leave serving.json, which says how the model is served and why not faster, and return what it says."""
    facts = {"plan": "none", "why": "a plan cannot hold the rankers of fields"}
    (folder / "serving.json").write_text(json.dumps(facts, indent=2))
    return facts
