"""The run of a tuning job: it starts training jobs, watches their objective, and stops when it has had enough."""

import logging
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, cast

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker.kinds import TRAINING_JOB
from cookiecutter_mlops.localaws.sagemaker.training import TrainingJob
from cookiecutter_mlops.localaws.sagemaker.tuning import ranges, strategies
from cookiecutter_mlops.localaws.sagemaker.tuning.strategies import Results
from cookiecutter_mlops.localaws.snapshot import Resuming

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.sagemaker.models import SageMakerBackend

NOUN = "HyperParameterTuningJob"
ENDS = ("Completed", "Failed", "Stopped")
# Members of the definition that are not a training job's.
_OWN = (
    "StaticHyperParameters",
    "DefinitionName",
    "TuningObjective",
    "HyperParameterRanges",
    "HyperParameterTuningResourceConfig",
)
_INSTANCES = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_POLL_SECONDS = 0.1
_LOST = "InternalServerError: The embedded AWS was stopped while this ran. Please try again."
_NO_METRICS = (
    "No objective metrics found after running {count} training jobs. Please ensure that the custom algorithm is "
    "emitting the objective metric as defined by the regular expression provided."
)
log = logging.getLogger(__name__)


class TuningJob(Resuming):
    """One tuning job; `trials` of its document are the training jobs that it started, in their order."""

    running = ("ranges", "places")

    def __init__(self, backend: "SageMakerBackend", document: Document) -> None:
        self.backend, self.document = backend, document
        self.config, self.definition = document["HyperParameterTuningJobConfig"], document["TrainingJobDefinition"]
        self.limits, self.results = self.config["ResourceLimits"], cast(Results, [])
        self.objective = self.config["HyperParameterTuningJobObjective"]
        self.sign = -1 if self.objective["Type"] == "Maximize" else 1
        self.ranges = ranges.parse(self.config.get("ParameterRanges", {}))
        strategy, seed = self.config["Strategy"], self.config.get("RandomSeed")
        self.places = strategies.places(strategy, self.ranges, seed, self.results)
        self.halted, self._moving = threading.Event(), threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._carry_out, name=self.document[f"{NOUN}Name"], daemon=True).start()

    def resume(self) -> None:
        """Fail if it ran when the embedded AWS went down, as its training jobs do."""
        if self.document[f"{NOUN}Status"] not in ENDS:
            self._move("Failed", FailureReason=_LOST)

    def stop(self) -> None:
        self.halted.set()
        self._move("Stopping")

    def _carry_out(self) -> None:
        try:
            self._tune()
            self._finish()
        except AwsError as error:  # a training job was refused
            self._fail(f"ClientError: {error.message}")
        except Exception as error:
            log.exception("%s %s", NOUN, self.document[f"{NOUN}Name"])
            self._fail(f"InternalServerError: {type(error).__name__}: {error}")

    def _tune(self) -> None:
        """Keep as many training jobs running as allowed, until there are enough of them."""
        running: list[Document] = []
        started, seconds = time.monotonic(), self.limits.get("MaxRuntimeInSeconds", float("inf"))
        while True:
            ended = [trial for trial in running if self._status(trial) in ENDS]
            running = [trial for trial in running if trial not in ended]
            self._take(ended)
            is_over = self.halted.is_set() or self._has_enough() or time.monotonic() - started > seconds
            if is_over:
                self._stop(running)
            while not is_over and len(running) < self.limits["MaxParallelTrainingJobs"] and self._is_left():
                running.append(self._start_trial())
            if not running:
                return
            for trial in running:
                self._judge(trial)
            time.sleep(_POLL_SECONDS)

    def _is_left(self) -> bool:
        return len(self.document["Trials"]) < self.limits["MaxNumberOfTrainingJobs"]

    def _start_trial(self) -> Document:
        """Start the next training job, named and given its hyperparameters as AWS does."""
        places, number = next(self.places), len(self.document["Trials"]) + 1
        tuned = {item.name: item.at(places[item.name]) for item in self.ranges}
        name = f"{self.document[f'{NOUN}Name']}-{number:03}-{secrets.token_hex(4)}"
        request = {key: value for key, value in self.definition.items() if key not in _OWN}
        request |= {
            "TrainingJobName": name,
            "HyperParameters": self.definition["StaticHyperParameters"] | tuned,
            "ResourceConfig": self.definition.get("ResourceConfig") or self._instances(),
            "TuningJobArn": self.document[f"{NOUN}Arn"],
            "Tags": self.document.get("Tags", []),
        }
        self.backend.create_training_job(request)
        trial = {"TrainingJobName": name, "TunedHyperParameters": tuned, "Places": places}
        self.document["Trials"] = [*self.document["Trials"], trial]
        return trial

    def _instances(self) -> Document:
        """Return the instances that HyperParameterTuningResourceConfig asks for, as a training job does."""
        wanted = self.definition["HyperParameterTuningResourceConfig"]
        kept = {name: wanted[name] for name in _INSTANCES if name in wanted}
        return kept | wanted.get("InstanceConfigs", [{}])[0]

    def _status(self, trial: Document) -> str:
        return self.backend.documents.get(TRAINING_JOB, trial["TrainingJobName"])["TrainingJobStatus"]

    def _take(self, ended: list[Document]) -> None:
        for trial in ended:
            history = self._history(trial)
            if history and self._status(trial) != "Failed":
                self.results.append((trial["Places"], history[-1]))
                self._emit()

    def _history(self, trial: Document) -> list[float]:
        """Return the objective's values so far, of which a lower one is better."""
        job = self.backend.documents.get(TRAINING_JOB, trial["TrainingJobName"])
        running = cast(TrainingJob, self.backend.jobs[job["TrainingJobArn"]])
        return [self.sign * value for value, _ in running.metrics.get(self.objective["MetricName"], [])]

    def _judge(self, trial: Document) -> None:
        """Stop a training job that has no prospect."""
        early, strategy = self.config.get("TrainingJobEarlyStoppingType") == "Auto", self.config["Strategy"]
        if trial.get("GivenUp") or not (early or strategy == "Hyperband"):
            return
        others = [self._history(other) for other in self.document["Trials"] if other is not trial]
        history = self._history(trial)
        if strategy == "Hyperband":
            settings = self.config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
            largest = settings.get("MaxResource", 27)
            poor = strategies.is_off_the_rung(history, others, settings.get("MinResource", 1), largest)
        else:
            poor = strategies.is_under_the_median(history, others)
        if poor:
            trial["GivenUp"] = True
            self._stop([trial])

    def _stop(self, trials: list[Document]) -> None:
        for trial in trials:
            if self._status(trial) == "InProgress":
                self.backend.stop_training_job({"TrainingJobName": trial["TrainingJobName"]})

    def _has_enough(self) -> bool:
        """Say whether a completion criterion is met."""
        criteria, values = self.config.get("TuningJobCompletionCriteria", {}), [value for _, value in self.results]
        if not values:
            return False
        target = criteria.get("TargetObjectiveMetricValue")
        patience = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
        since_best = len(values) - 1 - values.index(min(values))
        reached = target is not None and min(values) <= self.sign * target
        return reached or (patience is not None and since_best >= patience)

    def _finish(self) -> None:
        trials = self.document["Trials"]
        if self.halted.is_set():
            self._move("Stopped")
        elif trials and all(self._status(trial) == "Failed" for trial in trials):
            self._move("Failed", FailureReason="All training jobs failed.")
        elif not self.results:
            self._move("Failed", FailureReason=_NO_METRICS.format(count=len(trials)))
        else:
            self._move("Completed")

    def _fail(self, reason: str) -> None:
        self._stop(self.document["Trials"])
        self._move("Failed", FailureReason=reason[:1024])

    def _move(self, status: str, **members: Any) -> None:
        """Move to a status and tell EventBridge; an end is final."""
        now = clock.time()
        end = {f"{NOUN.removesuffix('Job')}EndTime": now} if status in ENDS else {}
        with self._moving:
            if self.document[f"{NOUN}Status"] in ENDS:
                return
            self.document.update(members | end, LastModifiedTime=now)
            self.document[f"{NOUN}Status"] = status
        self._emit()

    def _emit(self) -> None:
        name = self.document[f"{NOUN}Name"]
        described = self.backend.describe_hyper_parameter_tuning_job({f"{NOUN}Name": name})
        self.backend.emit(NOUN, described)
