"""Writes the serving plan of a model beside it, proven, or the sentence that says why there is none.

plan.json, plan.npz     the whole model, or only its encoders (inference/plan.py)
serving.json            which of both, why not more, and how far plan and pipeline were apart (training/parity.py)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inference import handler, plan, rungs
from training import export as plans
from training import parity
from training.model import Model, features
from training.scores import Inexpressible


def export(model: Model, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Leave the plan that says most of the model, and return what serving.json says; `rows` are of the hold-out."""
    facts, made = _made(model)
    if made:
        rows = rows.head(parity.ROWS)
        asked = parity.strange_rows(model.columns, made, handler.instances_of(model.columns, rows))
        facts["parity"] = parity.prove(made, _pipeline(model, made), asked)
        plan.save(made, folder)
    (folder / "serving.json").write_text(json.dumps(facts, indent=2))
    print(f"serving plan: {facts['plan']}{', because ' + facts['why'] if facts['why'] else ''}", flush=True)
    return facts


def _made(model: Model) -> tuple[dict[str, Any], plan.Plan | None]:
    why = ""
    for name in ("complete", "encoders"):
        try:
            if name == "complete":
                return {"plan": name, "why": why}, plans.whole(model.estimator, model.columns, model.log_target)
            return {"plan": name, "why": why}, plans.encoder(model.estimator, model.columns)
        except Inexpressible as reason:
            why = why or f"a plan cannot hold {reason}"
    return {"plan": "none", "why": why}, None


def _pipeline(model: Model, made: plan.Plan) -> Any:
    """What the plan is compared with: the answers of the pipeline, or what its last step sees."""
    if made.meaning.link:
        return rungs.Whole(model, "").predict

    def encoded(rows: list[Any]) -> np.ndarray:
        seen = model.estimator[:-1].transform(features(rungs.table(rows, model.columns), model.columns))
        return np.asarray(seen.toarray() if hasattr(seen, "toarray") else seen, float)

    return encoded
