"""One execution of a pipeline: steps run as soon as what they need is there, several at once, until all are done."""

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import boto3
from botocore.config import Config

from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.iam.acting import Session
from cookiecutter_mlops.localaws.sagemaker.pipelines import caching, steps
from cookiecutter_mlops.localaws.sagemaker.pipelines.definition import Definition, Step
from cookiecutter_mlops.localaws.sagemaker.pipelines.expressions import Scope, Unresolved
from cookiecutter_mlops.localaws.snapshot import Resuming

_LOST = "InternalServerError: The embedded AWS was stopped while this ran."
log = logging.getLogger(__name__)
_PARALLEL = 50  # steps at once, where no ParallelismConfiguration says otherwise
_EVENT = "SageMaker Model Building Pipeline Execution"


class Run(Resuming):
    """The run of an execution's document, which holds everything that Describe and List answer.

    `Steps` are the records of the steps that began, `Properties` what Describe answered of those that succeeded.
    """

    running = ("scope", "_clients")

    def __init__(self, document: Document, definition: Definition, session: Session, earlier: list[Document]) -> None:
        self.document, self.definition, self.session, self.earlier = document, definition, session, earlier
        self.id = document["PipelineExecutionId"]
        self.halted, self.failed = threading.Event(), False
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.scope = Scope(
            {item["Name"]: item["Typed"] for item in document["Parameters"]},
            self._variables(),
            lambda step, name: steps.property_file(self, definition.steps[step], name),
            lambda address: steps.read(self, address),
            document["Properties"],
        )

    def start(self) -> None:
        threading.Thread(target=self._carry_out, name=self.id, daemon=True).start()

    def resume(self) -> None:
        """End it if it was at work when the embedded AWS went down; it can be retried."""
        if self.document["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            return
        for record in self.document["Steps"]:
            if record["StepStatus"] in ("Starting", "Executing"):
                self.changed(record, "Failed", EndTime=clock.time(), FailureReason=_LOST)
        self.document["FailureReason"] = _LOST
        self.move("Stopped" if self.halted.is_set() else "Failed")
        self.session.end()

    def stop(self) -> None:
        """Start no further step, and ask the running ones to end."""
        self.halted.set()
        self.move("Stopping")

    def client(self, service: str) -> Any:
        """Return a client with the credentials of the pipeline's role."""
        with self._lock:
            if service not in self._clients:
                keys = {name.lower(): value for name, value in self.session.environment().items()}
                settings = Config(retries={"total_max_attempts": 3}, read_timeout=900, max_pool_connections=_PARALLEL)
                region = self.session.region
                self._clients[service] = boto3.client(
                    service, region_name=region, endpoint_url=runtime.endpoint(), config=settings, **keys
                )
            return self._clients[service]

    def move(self, status: str) -> None:
        """Move the execution to a status and tell EventBridge; what has ended is not stopping any more."""
        document, now = self.document, clock.time()
        with self._lock:
            previous = document["PipelineExecutionStatus"]
            if status == "Stopping" and previous != "Executing":
                return
            document.update(PipelineExecutionStatus=status, LastModifiedTime=now)
        detail = {"previousPipelineExecutionStatus": previous}
        detail |= {"currentPipelineExecutionStatus": status, "executionStartTime": clock.iso(document["CreationTime"])}
        if status not in ("Executing", "Stopping"):
            detail["executionEndTime"] = clock.iso(now)
        for name in ("PipelineExecutionDisplayName", "PipelineExecutionDescription"):
            detail[name[0].lower() + name[1:]] = document.get(name, "")
        self._emit(f"{_EVENT} Status Change", detail)

    def changed(self, record: Document, status: str, **members: Any) -> None:
        """Move a step to a status and tell EventBridge."""
        previous = record.get("StepStatus", "Starting")
        record.update(members, StepStatus=status)
        detail = {
            "metadata": _camel(record.get("Metadata", {})),
            "stepStartTime": clock.iso(record["StartTime"]),
            "stepName": record["StepName"],
            "stepType": self.definition.steps[record["StepName"]].type,
            "previousStepStatus": previous,
            "currentStepStatus": status,
        }
        detail |= {"stepEndTime": clock.iso(record["EndTime"])} if "EndTime" in record else {}
        detail |= {"failureReason": record["FailureReason"]} if "FailureReason" in record else {}
        detail |= {"cacheHitResult": _camel(record["CacheHitResult"])} if "CacheHitResult" in record else {}
        self._emit(f"{_EVENT} Step Status Change", detail)

    def _carry_out(self) -> None:
        try:
            self._run_steps()
            if self.halted.is_set():
                self.move("Stopped")
            elif self.failed:
                self.document["FailureReason"] = "Step failure: One or multiple steps failed."
                self.move("Failed")
            else:
                self.move("Succeeded")
        except Exception as error:
            log.exception("Execution %s", self.id)
            self.document["FailureReason"] = f"InternalServerError: {type(error).__name__}: {error}"
            self.move("Failed")
        finally:
            self.session.end()

    def _run_steps(self) -> None:
        limit = self.document.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps", _PARALLEL)
        running: dict[Future[None], str] = {}
        with ThreadPoolExecutor(limit) as pool:
            while True:
                for step in self._ready(set(running.values())) if len(running) < limit else []:
                    if len(running) < limit:
                        running[pool.submit(self._run_step, step)] = step.name
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED)[0]:
                    running.pop(future)
                    future.result()

    def _ready(self, running: set[str]) -> list[Step]:
        """Return the steps that may start; after a failure or a stop there are none."""
        if self.failed or self.halted.is_set():
            return []
        done = self.scope.steps
        return [
            step
            for step in self.definition.steps.values()
            if step.name not in done and step.name not in running and step.after <= done.keys() and self._taken(step)
        ]

    def _taken(self, step: Step) -> bool:
        """Return whether a step is in no branch, or in that of the condition's outcome."""
        return not step.branch or self.scope.steps[step.branch[0]]["Outcome"] == str(step.branch[1])

    def _run_step(self, step: Step) -> None:
        record = self._record(step)
        while True:
            try:
                properties = caching.find(self, step, record) or steps.RUNNERS[step.type](self, step, record)
                self.scope.steps[step.name] = properties
                self.changed(record, "Succeeded", EndTime=clock.time())
                return
            except steps.StepStopped:
                self.changed(record, "Stopped", EndTime=clock.time())
                return
            except Exception as failure:
                if not isinstance(failure, steps.StepFailed | Unresolved):
                    log.exception("Step %s of execution %s", step.name, self.id)
                if not self._again(step, record, failure):
                    self.failed = True
                    self.changed(record, "Failed", EndTime=clock.time(), FailureReason=str(failure)[:1024])
                    return

    def _record(self, step: Step) -> Document:
        """Begin a step; a retried execution replaces the record of the step that failed."""
        names = {"StepDisplayName": "DisplayName", "StepDescription": "Description"}
        record = {"StepName": step.name, "StartTime": clock.time(), "AttemptCount": 1}
        record |= {member: step.settings[name] for member, name in names.items() if name in step.settings}
        with self._lock:
            kept = [item for item in self.document["Steps"] if item["StepName"] != step.name]
            self.document["Steps"] = [*kept, record]
        self.changed(record, "Starting")
        return record

    def _again(self, step: Step, record: Document, failure: Exception) -> bool:
        """Wait as the step's retry policy says, on the clock, and say whether there is another attempt."""
        kind, policies = getattr(failure, "kind", ""), step.settings.get("RetryPolicies", [])
        policy = next((policy for policy in policies if kind and kind in policy["ExceptionType"]), None)
        if not policy or self.halted.is_set():
            return False
        attempts, elapsed = record["AttemptCount"], clock.time() - record["StartTime"]
        pause = policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** (attempts - 1)
        is_last = attempts > policy["MaxAttempts"] if "MaxAttempts" in policy else False
        if is_last or elapsed + pause > 60 * policy.get("ExpireAfterMin", 14400):
            return False
        record["AttemptCount"] = attempts + 1
        return not clock.wait(self.halted, pause)

    def _variables(self) -> dict[str, Any]:
        document = self.document
        return {
            "PipelineName": document["PipelineName"],
            "PipelineArn": document["PipelineArn"],
            "PipelineExecutionId": self.id,
            "PipelineExecutionArn": document["PipelineExecutionArn"],
            "StartDateTime": clock.iso(document["CreationTime"]),
            "CurrentDateTime": clock.iso(clock.time()),
        }

    def _emit(self, kind: str, detail: Document) -> None:
        arns = {name: self.document[name] for name in ("PipelineArn", "PipelineExecutionArn")}
        account = arns["PipelineArn"].split(":")[4]
        runtime.put_event(account, self.session.region, "aws.sagemaker", kind, detail | _camel(arns), arns.values())


def _camel(value: Any) -> Any:
    """Return a structure with the names of its members as events write them."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _camel(item) for name, item in value.items()}
    return value
