"""Operations on hyperparameter tuning jobs; part of the SageMaker backend."""

import math
from collections import Counter
from typing import Any

from cookiecutter_mlops.localaws.crud import Document, Kind, page
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import TRAINING_JOB
from cookiecutter_mlops.localaws.sagemaker.tuning import ranges
from cookiecutter_mlops.localaws.sagemaker.tuning.job import ENDS, NOUN, TuningJob
from cookiecutter_mlops.localaws.sagemaker.tuning.ranges import Range

TUNING_JOB = Kind(
    NOUN,
    defaults={"Trials": [], f"{NOUN}Status": "InProgress"},
    missing=("ResourceNotFound", "Amazon SageMaker can't find a tuning job with the name {key}."),
    exists=("ResourceInUse", "A tuning job with the name {key} already exists in this account and region."),
)
_NOT_EMULATED = ("TrainingJobDefinitions", "WarmStartConfig", "Autotune")
_SORTED = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}


class TuningOperations(Operations):
    """Tuning jobs; what their training jobs did is read from these."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tunings: dict[str, TuningJob] = {}  # by name

    def create_hyper_parameter_tuning_job(self, request: Document) -> Document:
        _refuse(request)
        config, definition = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
        _check(config, definition)
        metric = config["HyperParameterTuningJobObjective"]["MetricName"]
        definition["StaticHyperParameters"] = {"_tuning_objective_metric": metric} | definition.get(
            "StaticHyperParameters", {}
        )
        document = self.documents.create(TUNING_JOB, request)
        job = self.tunings[document[f"{NOUN}Name"]] = TuningJob(self, document)  # type: ignore[arg-type]
        job.start()
        return document

    def describe_hyper_parameter_tuning_job(self, request: Document) -> Document:
        document = self.documents.find(TUNING_JOB, request)
        trials = self._trials(document)
        ranked = _ranked(document, trials)
        found = {key: value for key, value in document.items() if key != "Trials"} | _counters(trials)
        return found | ({"BestTrainingJob": ranked[0]} if ranked else {})

    def list_hyper_parameter_tuning_jobs(self, request: Document) -> Document:
        found = [
            document
            | _counters(self._trials(document))
            | {
                "Strategy": document["HyperParameterTuningJobConfig"]["Strategy"],
                "ResourceLimits": document["HyperParameterTuningJobConfig"]["ResourceLimits"],
            }
            for document in self.documents.search(TUNING_JOB, request)
        ]
        return page(request, "HyperParameterTuningJobSummaries", found)

    def list_training_jobs_for_hyper_parameter_tuning_job(self, request: Document) -> Document:
        document = self.documents.find(TUNING_JOB, request)
        trials, by = self._trials(document), str(request.get("SortBy", "Name"))
        if by == "FinalObjectiveMetricValue":  # only those that have one, the best first
            trials = _ranked(document, trials)
        else:
            trials.sort(key=lambda trial: trial[_SORTED.get(by, by)])
        if request.get("SortOrder", "Ascending") == "Descending":
            trials.reverse()
        status = request.get("StatusEquals")
        found = [trial for trial in trials if status in (None, trial["TrainingJobStatus"])]
        return page(request, "TrainingJobSummaries", found)

    def stop_hyper_parameter_tuning_job(self, request: Document) -> Document:
        document = self.documents.find(TUNING_JOB, request)
        if (status := document[f"{NOUN}Status"]) in ENDS:
            raise ValidationException(f"The request was rejected because the tuning job is in status {status}.")
        self.tunings[document[f"{NOUN}Name"]].stop()
        return {}

    def _trials(self, document: Document) -> list[Document]:
        return [self._trial(document, trial) for trial in document["Trials"]]

    def _trial(self, document: Document, trial: Document) -> Document:
        job = self.documents.get(TRAINING_JOB, trial["TrainingJobName"])
        objective = document["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        final = {item["MetricName"]: item["Value"] for item in job.get("FinalMetricDataList", [])}
        value, status = final.get(objective["MetricName"]), job["TrainingJobStatus"]
        kept = ("TrainingJobArn", "TrainingJobName", "CreationTime", "TrainingStartTime", "TrainingEndTime")
        summary = {key: job[key] for key in (*kept, "TrainingJobStatus", "FailureReason") if key in job}
        summary["TunedHyperParameters"] = trial["TunedHyperParameters"]
        pending = "Pending" if status not in ENDS else "Failed"
        summary["ObjectiveStatus"] = pending if value is None else "Succeeded"
        if value is not None:
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = objective | {"Value": value}
        return summary


def _ranked(document: Document, trials: list[Document]) -> list[Document]:
    """Return the training jobs that have a value of the objective, the best first."""
    name = "FinalHyperParameterTuningJobObjectiveMetric"
    objective = document["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    found = [trial for trial in trials if name in trial]
    return sorted(found, key=lambda trial: trial[name]["Value"], reverse=objective["Type"] == "Maximize")


def _counters(trials: list[Document]) -> Document:
    statuses = Counter(trial["TrainingJobStatus"] for trial in trials)
    objectives = Counter(trial["ObjectiveStatus"] for trial in trials)
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses["Completed"],
            "InProgress": statuses["InProgress"] + statuses["Stopping"],
            "RetryableError": 0,
            "NonRetryableError": statuses["Failed"],
            "Stopped": statuses["Stopped"],
        },
        "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
    }


def _refuse(request: Document) -> None:
    definition = request.get("TrainingJobDefinition", {})
    missing = [name for name in _NOT_EMULATED if name in request]
    missing += ["RetryStrategy"] if "RetryStrategy" in definition else []
    several = definition.get("HyperParameterTuningResourceConfig", {}).get("InstanceConfigs", [])
    missing += ["several InstanceConfigs"] if len(several) > 1 else []
    criteria: dict[str, Any] = request["HyperParameterTuningJobConfig"].get("TuningJobCompletionCriteria", {})
    missing += ["ConvergenceDetected"] if "ConvergenceDetected" in criteria else []
    if missing:
        raise NotEmulated(f"{missing[0]} of hyperparameter tuning jobs")


def _check(config: Document, definition: Document) -> None:
    """Refuse an objective that no log line can give, and limits that the strategy does not allow."""
    if not (objective := config.get("HyperParameterTuningJobObjective")) or not definition:
        raise ValidationException("HyperParameterTuningJobObjective and TrainingJobDefinition must be present.")
    metrics = [item["Name"] for item in definition["AlgorithmSpecification"].get("MetricDefinitions", [])]
    if objective["MetricName"] not in metrics:
        raise ValidationException(
            f"The objective metric [{objective['MetricName']}] must be one of the MetricDefinitions (got: {metrics})."
        )
    if ("ResourceConfig" in definition) == ("HyperParameterTuningResourceConfig" in definition):
        raise ValidationException("Either ResourceConfig or HyperParameterTuningResourceConfig must be specified.")
    found, limits = ranges.parse(config.get("ParameterRanges", {})), config["ResourceLimits"]
    if clash := sorted({item.name for item in found} & definition.get("StaticHyperParameters", {}).keys()):
        raise ValidationException(f"{', '.join(clash)} must not be both tuned and in StaticHyperParameters.")
    strategy = config["Strategy"]
    if strategy == "Grid":
        _check_grid(found, limits)
    elif "MaxNumberOfTrainingJobs" not in limits:
        raise ValidationException(f"MaxNumberOfTrainingJobs must be present for the strategy {strategy}.")
    if strategy == "Hyperband" and config.get("TrainingJobEarlyStoppingType") == "Auto":
        raise ValidationException("TrainingJobEarlyStoppingType must be Off for the strategy Hyperband.")


def _check_grid(found: list[Range], limits: Document) -> None:
    if not all(item.choices for item in found):
        raise ValidationException("Grid search supports only categorical parameter ranges.")
    count = math.prod(item.choices for item in found)
    if limits.setdefault("MaxNumberOfTrainingJobs", count) != count:
        raise ValidationException(
            f"MaxNumberOfTrainingJobs of a grid search must be the number of its combinations, {count} "
            f"(got: {limits['MaxNumberOfTrainingJobs']})."
        )
