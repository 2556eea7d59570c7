"""What the server needs to answer, and why there is no faster way: the network itself writes the words."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from training.model import Model

WHY = "a summary is written word by word by the network itself"


def export(model: Model, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Leave serving.json, and return what it says."""
    facts = {"plan": "none", "why": WHY}
    (folder / "serving.json").write_text(json.dumps(facts, indent=2))
    return facts
