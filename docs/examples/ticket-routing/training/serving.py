"""What the server needs beside the model: nothing."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from training.model import Model

WHY = "words are counted by scikit-learn"


def export(model: Model, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Leave serving.json, and return what it says."""
    facts = {"plan": "none", "why": WHY}
    (folder / "serving.json").write_text(json.dumps(facts, indent=2))
    return facts
