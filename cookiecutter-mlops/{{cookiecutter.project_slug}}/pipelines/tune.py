"""Searches hyperparameters on AWS: a SageMaker tuning job over [model.search] of project.toml.

    python -m pipelines.tune [--jobs 20] [--parallel 2]     # of the newest commit, after the pipeline has its image

Each of its jobs is a trial of training/search.py on the newest data snapshot. What won is printed; a person puts it
into project.toml and pushes, so that the commit says how a model was made.
"""

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from pipelines import job, package, project, snapshot
from pipelines.project import PipelineError
from training.ranges import Range, ranges
from training.settings import Settings, load_settings

OBJECTIVE = "validation"  # the same as in training/search.py, which imports what a laptop may lack
METRICS = [{"Name": OBJECTIVE, "Regex": rf"\b{OBJECTIVE}={job.NUMBER}"}]
NAME = 32  # letters that the name of a tuning job may have
SLUG = NAME - 15  # of them, for the project; the rest is the moment
ENDED = ("Completed", "Failed", "Stopped")


def request(spec: dict[str, Any], order: job.Order, settings: Settings, jobs: int, parallel: int) -> dict[str, Any]:
    """CreateHyperParameterTuningJob."""
    definition = job.request(spec, order, "", spec["instance_types"][0])
    for name in ("TrainingJobName", "Tags", "CheckpointConfig"):  # trials would share the folder of checkpoints
        del definition[name]
    definition["ResourceConfig"].pop("KeepAlivePeriodInSeconds", None)
    definition["ResourceConfig"]["InstanceCount"] = 1  # a trial learns from some rows
    definition["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
    name = f"{spec['project_slug'][:SLUG]}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    objective = {"Type": "Maximize" if settings.higher_is_better else "Minimize", "MetricName": OBJECTIVE}
    config = {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": objective,
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
        "ParameterRanges": parameter_ranges(ranges(settings)),
    }
    asked = {"HyperParameterTuningJobName": name, "HyperParameterTuningJobConfig": config}
    return asked | {"TrainingJobDefinition": definition, "Tags": project.tags(spec)}


def parameter_ranges(tried: dict[str, Range]) -> dict[str, list[dict[str, Any]]]:
    """[model.search] in SageMaker's words, all of them texts."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, one in tried.items():
        if one.values:
            values = [value if isinstance(value, str) else json.dumps(value) for value in one.values]
            found.setdefault("CategoricalParameterRanges", []).append({"Name": name, "Values": values})
            continue
        kind = "IntegerParameterRanges" if one.whole else "ContinuousParameterRanges"
        scale = {"linear": "Linear", "log": "Logarithmic"}[one.scale]
        ends = {"MinValue": str(one.minimum), "MaxValue": str(one.maximum)}
        found.setdefault(kind, []).append({"Name": name, **ends, "ScalingType": scale})
    return found


def follow(name: str) -> dict[str, Any]:
    """How the tuning job ended; each trial is told once."""
    told: set[str] = set()

    def ended() -> dict[str, Any] | None:
        state = project.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        line = ", ".join(f"{count} {status}" for status, count in state["TrainingJobStatusCounters"].items() if count)
        if line and line not in told:
            print(f"  {line}", flush=True)
            told.add(line)
        return state if state["HyperParameterTuningJobStatus"] in ENDED else None

    return project.until(ended, f"tuning job {name}", limit=7 * 86400)


def best(state: dict[str, Any]) -> str:
    """What won, as lines for project.toml."""
    winner = state.get("BestTrainingJob")
    if not winner:
        name, reason = state["HyperParameterTuningJobName"], state.get("FailureReason", "no trial ended well")
        raise PipelineError(f"tuning job {name}: {reason}; the logs of its training jobs say more.")
    value = winner["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    lines = [f"{name} = {written(text)}" for name, text in sorted(winner["TunedHyperParameters"].items())]
    return "\n".join([f"best: {value:.6g}, by {winner['TrainingJobName']}", "[model.hyperparameters]", *lines])


def written(text: str) -> str:
    """SageMaker's text as TOML: a number or true as it is, anything else in quotes."""
    text = text.strip('"')
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return json.dumps(text)


def order(spec: dict[str, Any]) -> job.Order:
    """The newest commit and the newest data; a PipelineError says what is missing."""
    image, commit = package.built(spec)
    data = snapshot.newest(spec)
    if data is None:
        raise PipelineError("there is no data yet; run `mlops data push FILE` first.")
    return job.Order(image, commit, data)


def main() -> None:
    parser = argparse.ArgumentParser(description="Search hyperparameters with a SageMaker tuning job.")
    parser.add_argument("--jobs", type=int, default=20, help="trials (default 20)")
    parser.add_argument("--parallel", type=int, default=2, help="how many at a time (default 2)")
    given, spec = parser.parse_args(), project.training_spec()
    asked = request(spec, order(spec), load_settings(), given.jobs, given.parallel)
    project.client("sagemaker").create_hyper_parameter_tuning_job(**asked)
    print(f"started {asked['HyperParameterTuningJobName']}", flush=True)
    print(best(follow(asked["HyperParameterTuningJobName"])))


if __name__ == "__main__":
    project.command(main)
