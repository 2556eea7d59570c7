"""Hyperparameter tuning jobs of the embedded AWS run real training jobs and find the best one."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import AddFault, Aws, wait_for
from tests.localaws.events import Listener
from tests.localaws.sagemaker_pipelines.definitions import definition, get, join, pipeline, start, steps
from tests.localaws.sagemaker_pipelines.definitions import ended as execution_ended
from tests.localaws.test_sagemaker_training import request as training_request

ENDED = ("Completed", "Failed", "Stopped")
RATE = {"Name": "rate", "MinValue": "0.001", "MaxValue": "1"}
DEPTH = {"Name": "depth", "MinValue": "2", "MaxValue": "5"}
KIND = {"Name": "kind", "Values": ["a", "b", "c"]}
Document = dict[str, Any]


def request(aws: Aws, strategy: str = "Random", jobs: int | None = 3, parallel: int = 3, **changes: Any) -> Document:
    bucket = new_bucket(aws, **{"data/a": "1"})
    training = training_request(aws, bucket)
    definition = {name: value for name, value in training.items() if name != "TrainingJobName"}
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": r"loss=([0-9.]+)"}]
    definition["StaticHyperParameters"] = {"tune": "yes"}
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxParallelTrainingJobs": parallel} | ({"MaxNumberOfTrainingJobs": jobs} if jobs else {}),
        "ParameterRanges": {"ContinuousParameterRanges": [RATE]},
    }
    name = f"tune-{uuid.uuid4().hex[:8]}"
    wanted = {"HyperParameterTuningJobName": name, "TrainingJobDefinition": definition}
    return wanted | {"HyperParameterTuningJobConfig": config | changes}


def run(aws: Aws, wanted: Document) -> Document:
    aws.client("sagemaker").create_hyper_parameter_tuning_job(**wanted)
    return wait_for(lambda: ended(aws, wanted["HyperParameterTuningJobName"]), seconds=120)


def ended(aws: Aws, name: str) -> Document | None:
    job = describe(aws, name)
    return job if job["HyperParameterTuningJobStatus"] in ENDED else None


def describe(aws: Aws, name: str) -> Document:
    return aws.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def trials(aws: Aws, job: Document, **more: Any) -> list[Document]:
    return aws.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=job["HyperParameterTuningJobName"], MaxResults=100, **more
    )["TrainingJobSummaries"]


def tuned(aws: Aws, job: Document) -> list[dict[str, str]]:
    return [trial["TunedHyperParameters"] for trial in trials(aws, job)]


def test_random_search_finds_the_best_job_and_tells_of_it(aws: Aws) -> None:
    ranges = {
        "ContinuousParameterRanges": [RATE | {"ScalingType": "Logarithmic"}],
        "IntegerParameterRanges": [DEPTH],
        "CategoricalParameterRanges": [KIND],
    }
    wanted = request(aws, jobs=4, RandomSeed=7, ParameterRanges=ranges)
    name, sagemaker = wanted["HyperParameterTuningJobName"], aws.client("sagemaker")
    listener = Listener(aws, source=["aws.sagemaker"], detail={"HyperParameterTuningJobName": [name]})
    job = run(aws, wanted)
    events = listener.until(lambda told: told["HyperParameterTuningJobStatus"] == "Completed")
    listener.close()
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    counters = {"Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
    assert job["TrainingJobStatusCounters"] == counters
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    found = trials(aws, job)
    values = [trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for trial in found]
    assert values == [pytest.approx(float(trial["TunedHyperParameters"]["rate"]), abs=1e-4) for trial in found]
    best = job["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(values)
    ranked = trials(aws, job, SortBy="FinalObjectiveMetricValue")
    assert ranked[0]["TrainingJobName"] == best["TrainingJobName"]
    training = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert training["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    given = {"tune": "yes", "_tuning_objective_metric": "loss"} | best["TunedHyperParameters"]
    assert training["HyperParameters"] == given
    assert {event["detail-type"] for event in events} == {"SageMaker HyperParameter Tuning Job State Change"}
    assert events[-1]["detail"]["HyperParameterTuningJobStatus"] == "Completed"
    listed = sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)["HyperParameterTuningJobSummaries"]
    assert [(item["Strategy"], item["TrainingJobStatusCounters"]) for item in listed] == [("Random", counters)]


def test_grid_search_tries_every_combination(aws: Aws) -> None:
    ranges = {"CategoricalParameterRanges": [KIND, {"Name": "rate", "Values": ["0.1", "0.2"]}]}
    objective = {"Type": "Maximize", "MetricName": "loss"}
    wanted = request(aws, "Grid", None, ParameterRanges=ranges, HyperParameterTuningJobObjective=objective)
    job = run(aws, wanted)
    pairs = [(item["kind"], item["rate"]) for item in tuned(aws, job)]
    assert pairs == [(kind, rate) for kind in "abc" for rate in ("0.1", "0.2")]
    assert job["BestTrainingJob"]["TunedHyperParameters"]["rate"] == "0.2"
    assert job["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 6


def test_parallel_jobs_stay_within_the_limit_and_stop_ends_them(aws: Aws) -> None:
    wanted = request(aws, jobs=9, parallel=2)
    wanted["TrainingJobDefinition"]["StaticHyperParameters"] = {"sleep": "60"}
    name = wanted["HyperParameterTuningJobName"]
    aws.client("sagemaker").create_hyper_parameter_tuning_job(**wanted)
    assert wait_for(lambda: describe(aws, name)["TrainingJobStatusCounters"]["InProgress"] == 2)
    aws.client("sagemaker").stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = wait_for(lambda: ended(aws, name))
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    with pytest.raises(ClientError, match="in status Stopped"):
        aws.client("sagemaker").stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def test_instances_as_the_sdk_asks_for_them(aws: Aws) -> None:
    wanted = request(aws, jobs=1)
    definition = wanted["TrainingJobDefinition"]
    definition["HyperParameterTuningResourceConfig"] = definition.pop("ResourceConfig")
    best = run(aws, wanted)["BestTrainingJob"]["TrainingJobName"]
    training = aws.client("sagemaker").describe_training_job(TrainingJobName=best)
    assert training["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    wanted["TrainingJobDefinition"]["ResourceConfig"] = training["ResourceConfig"]
    with pytest.raises(ClientError, match="Either ResourceConfig or HyperParameterTuningResourceConfig"):
        run(aws, wanted)


def test_target_ends_the_search_early(aws: Aws) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["0.5"]}]}
    criteria = {"TargetObjectiveMetricValue": 0.6}
    wanted = request(aws, jobs=9, parallel=1, ParameterRanges=ranges, TuningJobCompletionCriteria=criteria)
    job = run(aws, wanted)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert len(trials(aws, job)) == 1


def test_early_stopping_gives_up_a_job_under_the_median(aws: Aws) -> None:
    """The grid's first rate is good; the second one is worse at its first value, and would go on for a minute."""
    ranges = {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["0.1", "0.9"]}]}
    wanted = request(aws, "Grid", None, 1, ParameterRanges=ranges, TrainingJobEarlyStoppingType="Auto")
    wanted["TrainingJobDefinition"]["StaticHyperParameters"] = {"tune": "slow when bad"}
    job = run(aws, wanted)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert [trial["TrainingJobStatus"] for trial in trials(aws, job)] == ["Completed", "Stopped"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"rate": "0.1"}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["Bayesian", "Hyperband"])
def test_emulated_strategies_spend_the_jobs_that_they_have(aws: Aws, strategy: str) -> None:
    job = run(aws, request(aws, strategy, 5, 2, RandomSeed=1))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert len(trials(aws, job)) == 5


def test_tuning_without_values_of_the_objective_fails(aws: Aws) -> None:
    wanted = request(aws, jobs=1)
    wanted["TrainingJobDefinition"]["StaticHyperParameters"] = {}
    assert "No objective metrics found after running 1 training jobs" in run(aws, wanted)["FailureReason"]


def test_tuning_whose_job_is_refused_fails_with_the_reason(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, jobs=1)
    fault("quota", f"{wanted['HyperParameterTuningJobName']}-*")
    assert "ml.g5.2xlarge for training job usage" in run(aws, wanted)["FailureReason"]


@pytest.mark.parametrize(
    ("strategy", "changes", "said"),
    [
        ("Random", {"ParameterRanges": {"IntegerParameterRanges": [DEPTH | {"MaxValue": "2"}]}}, "must be less than"),
        (
            "Random",
            {
                "ParameterRanges": {
                    "ContinuousParameterRanges": [RATE | {"MinValue": "0", "ScalingType": "Logarithmic"}]
                }
            },
            "needs a MinValue over 0",
        ),
        (
            "Random",
            {"ParameterRanges": {"ContinuousParameterRanges": [RATE | {"ScalingType": "ReverseLogarithmic"}]}},
            "0 <= x < 1",
        ),
        ("Random", {"ParameterRanges": {}}, "at least one range"),
        (
            "Random",
            {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "auc"}},
            r"\[auc\] must be one of the MetricDefinitions",
        ),
        ("Grid", {}, "only categorical"),
        ("Grid", {"ParameterRanges": {"CategoricalParameterRanges": [KIND]}}, "combinations, 3"),
        ("Hyperband", {"TrainingJobEarlyStoppingType": "Auto"}, "must be Off"),
    ],
)
def test_tuning_impossible_is_refused(aws: Aws, strategy: str, changes: Document, said: str) -> None:
    wanted = request(aws, strategy, 5, **changes)
    with pytest.raises(ClientError, match=said) as refused:
        aws.client("sagemaker").create_hyper_parameter_tuning_job(**wanted)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_warm_start_is_not_emulated(aws: Aws) -> None:
    parents = [{"HyperParameterTuningJobName": "before"}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}
    with pytest.raises(ClientError, match="WarmStartConfig of hyperparameter tuning jobs") as refused:
        aws.client("sagemaker").create_hyper_parameter_tuning_job(**request(aws), WarmStartConfig=warm)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.slow
def test_pipeline_tunes_and_refers_to_the_best_job(aws: Aws) -> None:
    arguments = request(aws, jobs=2, parallel=2)
    del arguments["HyperParameterTuningJobName"]
    tune = {"Name": "Tune", "Type": "Tuning", "Arguments": arguments}
    best = join(
        get("Steps.Tune.BestTrainingJob.TrainingJobName"), get("Steps.Tune.TrainingJobSummaries[0].TrainingJobName")
    )
    say = {"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": best}}
    arn = start(aws, pipeline(aws, definition(tune, say)))
    execution_ended(aws, arn)
    found = steps(aws, arn)
    assert found["Tune"]["StepStatus"] == "Succeeded", found
    job = describe(aws, found["Tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2])
    name = job["BestTrainingJob"]["TrainingJobName"]
    assert found["Say"]["FailureReason"] == f"{name}/{name}"


def test_tags_of_a_tuning_job_are_its_jobs_too(aws: Aws) -> None:
    job = run(aws, request(aws, jobs=1) | {"Tags": [{"Key": "team", "Value": "ml"}]})
    arn = job["BestTrainingJob"]["TrainingJobArn"]
    assert json.dumps(aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]) == '[{"Key": "team", "Value": "ml"}]'
