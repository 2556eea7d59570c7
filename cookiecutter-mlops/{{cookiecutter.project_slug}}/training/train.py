"""The training loop: load, fit, judge on rows that the model never saw, seal what was judged. The same everywhere.

    python -m training.train [FILE]     # on this laptop, by default on the sample; then try `make serve`

What differs between use cases is behind the functions of training/model.py and inference/handler.py:

    load(source, settings)                    -> rows to learn from, rows to judge on
    fit(learn, settings)                      -> a model
    evaluate(model, learn, judge, settings)   -> its metrics, and those of a trivial model
    baseline(model, learn)                    -> statistics that a drift monitor compares live traffic with
    save(model, folder), restore(folder), predict(model, rows)
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from inference import handler
from training import artifact, model
from training.data import data_version
from training.evaluate import gate
from training.settings import Settings, UserError, load_settings

LOCAL = Path(".mlops/ml")  # where a laptop keeps what a container has in /opt/ml


def train(source: Path, model_folder: Path, output_folder: Path, settings: Settings) -> dict[str, Any]:
    """Leave a sealed model and evaluation.json in two folders, and return the evaluation."""
    learn, judge = model.load(source, settings)
    fitted = model.fit(learn, settings)
    scores = model.evaluate(fitted, learn, judge, settings)
    evaluation = _evaluation(scores, settings, rows={"train": len(learn), "holdout": len(judge)}, source=source)
    _empty(model_folder)
    model.save(fitted, model_folder)
    distributions = model.baseline(fitted, learn)
    for folder in (model_folder, output_folder):  # the server's copy, and the monitor's
        _write(folder / "baseline.json", distributions)
    # Recorded with the model as it stands on disk: what was saved is proven to load and to answer.
    _write(model_folder / "samples.json", handler.record(handler.restore(model_folder), judge))
    facts = ("commit", "data_version", "settings_sha256", "metrics")
    artifact.seal(model_folder, {fact: evaluation[fact] for fact in facts})
    _write(output_folder / "evaluation.json", evaluation)
    # SageMaker reads the metric from this line (MetricDefinitions in pipelines/train.py).
    print(f"metric={evaluation['value']:.6f} baseline={evaluation['baseline']:.6f}", flush=True)
    return evaluation


def _evaluation(scores: dict[str, Any], settings: Settings, rows: dict[str, int], source: Path) -> dict[str, Any]:
    metric = settings.problem.metric
    return {
        "metric": metric,
        "value": scores["metrics"][metric],
        "baseline": scores["baseline"][metric],
        "higher_is_better": settings.higher_is_better,
        "rows": rows,
        "metrics": scores["metrics"],
        "baseline_metrics": scores["baseline"],
        "data_version": data_version(source),
        "commit": os.environ.get("MLOPS_COMMIT", "uncommitted"),
        "settings_sha256": settings.sha256,
    }


def _empty(folder: Path) -> None:
    """A run that was interrupted may have left half a model."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False))


def main(arguments: list[str]) -> None:
    """Train here and say what the gate would say (without a live model to compare with)."""
    settings = load_settings()
    source = Path(arguments[0] if arguments else settings.data.sample)
    evaluation = train(source, LOCAL / "model", LOCAL / "output" / "data", settings)
    print(f"data      {source} ({evaluation['data_version']}), {evaluation['rows']}")
    for name, value in evaluation["metrics"].items():
        print(f"{name:<9} {value:.4g} (trivial model {evaluation['baseline_metrics'][name]:.4g})")
    print(f"gate      {gate(evaluation, None, settings.gate).sentence()}\nmodel     {LOCAL / 'model'}; try: make serve")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as problem:
        sys.exit(str(problem))
