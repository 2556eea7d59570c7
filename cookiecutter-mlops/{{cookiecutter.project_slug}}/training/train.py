"""The training loop: load, fit, judge on rows that the model never saw, seal what was judged. The same everywhere.

    python -m training.train [FILE]     # on this laptop, by default on the sample; then try `make serve`

What differs between use cases is behind functions of training/model.py, serving.py, explain.py, inference/handler.py:

    load(source, settings)              -> rows to learn from, rows to judge on
    fit(learn, settings, checkpoints)   -> a model; a long fit keeps its state (training/checkpoint.py)
    trivial(learn, settings)            -> a model that anybody could guess, to be compared with
    evaluate(model, rows, settings)     -> its metrics by name, and one loss a row, whose mean tells models apart
    groups(rows, column)                -> the value of a column of [gate.slices] for each row
    baseline(model, learn)              -> statistics that a drift monitor compares live traffic with
    save(model, folder), restore(folder), predict(model, rows)
    export(model, rows, folder)         -> what the server needs to answer fast, and why it has no more
    explain(model, rows, settings)      -> what the report says of it (training/explain.py), or nothing

Of several machines (training/hosts.py) all run `load` and `fit`; the first one judges and writes the model.
"""

import hashlib
import json
import math
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from inference import handler
from training import artifact, compare, explain, hosts, model, report, serving, shards
from training.checkpoint import Checkpoints
from training.data import in_memory
from training.evaluate import gate
from training.files import data_version
from training.settings import Settings, UserError, load_settings

LOCAL = Path(".mlops/ml")  # where a laptop keeps what a container has in /opt/ml


def train(source: Path, base: Path, settings: Settings) -> dict[str, Any]:
    """Leave a sealed model and evaluation.json below a base folder such as /opt/ml, and return the evaluation.

    Another machine than the first leaves nothing, and returns from which data, code and settings it learned.
    """
    machines = hosts.here()
    hosts.check(settings.model.name, len(machines), hosts.channel()[1])
    facts = provenance(source, settings)
    checkpoints = _checkpoints(base, facts, settings)
    facts["resumed"] = checkpoints.exist()
    learn, judge = model.load(source, settings)
    print(shards.told(learn, settings), flush=True)
    fitted = model.fit(learn, settings, checkpoints)
    if len(machines) > 1:
        in_memory(learn)  # drawn of all machines' rows while all are there
    if not machines.first:
        print(f"{machines.current} has learned its part; {machines.names[0]} writes the model", flush=True)
        return facts
    archive = base / "input/data/champion/model.tar.gz"
    champion = compare.live_scores(archive, judge, settings, facts["data_version"])
    evaluation = judged(fitted, learn, judge, champion, settings) | facts
    seal(fitted, learn, judge, base, evaluation)
    # SageMaker reads the metric from this line (MetricDefinitions in pipelines/job.py).
    print(f"metric={evaluation['value']:.6f} baseline={evaluation['baseline']:.6f}", flush=True)
    checkpoints.clear()
    return evaluation


def provenance(source: Path, settings: Settings) -> dict[str, Any]:
    """From which data, code and settings a model comes."""
    commit = os.environ.get("MLOPS_COMMIT", "uncommitted")
    return {"data_version": data_version(source), "commit": commit, "settings_sha256": settings.sha256}


def judged(
    fitted: Any, learn: Any, judge: Any, champion: compare.Scores | str | None, settings: Settings
) -> dict[str, Any]:
    """What evaluation.json says: the candidate, a trivial model and the live one on the same rows."""
    metric = settings.problem.metric
    values, losses = model.evaluate(fitted, judge, settings)
    trivial_values, trivial_losses = model.evaluate(model.trivial(learn, settings), judge, settings)
    others = {"trivial": trivial_losses} | ({"live": champion[1]} if isinstance(champion, tuple) else {})
    return {
        "metric": metric,
        "value": values[metric],
        "baseline": trivial_values[metric],
        "higher_is_better": settings.higher_is_better,
        "rows": {"train": len(learn), "holdout": len(judge)},
        "metrics": values,
        "baseline_metrics": trivial_values,
        "live": compare.with_live(losses, champion, settings),
        "slices": compare.slices(judge, losses, others, settings),
        "explanation": explain.explain(fitted, judge, settings),
    }


def seal(fitted: Any, learn: Any, judge: Any, base: Path, evaluation: dict[str, Any]) -> None:
    """Write the model with its manifest, and what the pipeline reads beside it."""
    folder, output = base / "model", base / "output/data"
    _empty(folder)
    model.save(fitted, folder)
    evaluation["serving"] = serving.export(fitted, judge, folder)
    distributions = model.baseline(fitted, learn)
    for place in (folder, output):  # the server's copy, and the monitor's
        _write(place / "baseline.json", distributions)
    # Recorded with the model as it stands on disk: what was saved is proven to load and to answer.
    _write(folder / "samples.json", handler.record(handler.restore(folder), judge))
    facts = ("commit", "data_version", "settings_sha256", "resumed", "metrics", "serving")
    artifact.seal(folder, _finite({fact: evaluation[fact] for fact in facts}))
    _write(output / "evaluation.json", evaluation)


def _checkpoints(base: Path, facts: dict[str, Any], settings: Settings) -> Checkpoints:
    """Those of this data, code and settings, and of several machines of this one: all keep them in one folder of S3."""
    fingerprint = hashlib.sha256(repr((sorted(facts.items()), settings)).encode()).hexdigest()[:16]
    kept, machines = Checkpoints(base / "checkpoints", fingerprint), hosts.here()
    return kept if len(machines) == 1 else kept.part(f"{machines.rank + 1:03}of{len(machines):03}")


def _empty(folder: Path) -> None:
    """A run that was interrupted may have left half a model."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(content: Any) -> Any:
    """The same with null for NaN and infinity, which JSON lacks: the gate, and not this file, refuses such a model."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def main(arguments: list[str]) -> None:
    """Train here and say what the gate would say (without a live model to compare with)."""
    settings = load_settings()
    source = Path(arguments[0] if arguments else settings.data.sample)
    evaluation = train(source, LOCAL, settings)
    print(f"data      {source} ({evaluation['data_version']}), {evaluation['rows']}")
    for name, value in evaluation["metrics"].items():
        trivial = evaluation["baseline_metrics"].get(name)
        print(f"{name:<9} {value:.4g}" + (f" (trivial model {trivial:.4g})" if trivial is not None else ""))
    verdict, told = gate(evaluation, None, settings.gate), LOCAL / "output/data/report.html"
    told.write_text(report.page(evaluation, verdict), encoding="utf-8")
    print(f"gate      {verdict.table()}\nreport    {told}\nmodel     {LOCAL / 'model'}; try: make serve")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as problem:
        sys.exit(str(problem))
