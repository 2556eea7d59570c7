"""Searches hyperparameters by chance (Bergstra and Bengio, 2012) over [model.search] of project.toml.

    python -m training.search [FILE] [--trials 20]      # on this laptop; pipelines/tune.py is the same on AWS

A trial learns from a part of the rows to learn from and is judged on the others of them. The hold-out, on which the
model that is shipped is judged, has no part in it. What won is printed; a person puts it into project.toml.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training import model
from training.data import in_memory, split
from training.ranges import ranges
from training.settings import Settings, UserError, load_settings

OBJECTIVE = "validation"  # what a tuning job looks for in the log
PURPOSE = 2  # of the split; 0 is the hold-out


def trial(learn: Any, settings: Settings) -> float:
    """The metric of the gate on a part of the rows, after learning from the rest of them."""
    part, rest = split(in_memory(learn), settings, purpose=PURPOSE)
    return model.evaluate(model.fit(part, settings), rest, settings)[0][settings.problem.metric]


def job(source: Path, settings: Settings) -> None:
    """The trial of a tuning job, which reads the result from this line."""
    print(f"{OBJECTIVE}={trial(model.load(source, settings)[0], settings):.6f}", flush=True)


def search(learn: Any, settings: Settings, trials: int) -> Iterator[tuple[float, dict[str, Any]]]:
    """What is in project.toml now, and then others by chance: the result of each and its hyperparameters."""
    tried, chance = ranges(settings), random.Random(settings.data.seed)  # noqa: S311  # nosec B311
    yield trial(learn, settings), {}
    for _ in range(trials):
        chosen = {name: one.draw(chance) for name, one in tried.items()}
        yield trial(learn, settings.with_hyperparameters(chosen)), chosen


def toml(hyperparameters: dict[str, Any]) -> str:
    """Lines for [model.hyperparameters]."""
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in hyperparameters.items())


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Search hyperparameters over [model.search] of project.toml.")
    parser.add_argument("file", nargs="?", type=Path, help="by default the sample")
    parser.add_argument("--trials", type=int, default=20)
    given, settings = parser.parse_args(arguments), load_settings()
    learn, _ = model.load(given.file or Path(settings.data.sample), settings)
    results = []
    for value, chosen in search(learn, settings, given.trials):
        results.append((value, chosen))
        print(f"{settings.problem.metric} {value:<10.6g} {chosen or 'as it is'}", flush=True)
    value, chosen = (max if settings.higher_is_better else min)(results, key=lambda result: result[0])
    print(f"best: {settings.problem.metric} {value:.6g}, now {results[0][0]:.6g}")
    print(f"[model.hyperparameters]\n{toml(chosen)}" if chosen else "nothing was better than project.toml as it is")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as problem:
        sys.exit(str(problem))
