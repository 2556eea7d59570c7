"""What training, processing and transform jobs have in common: a document, a thread, limits and faults.

Limits count the seconds of this machine, for no process runs faster when the embedded clock does; the moments that
Describe answers are the embedded clock's.
"""

import logging
import threading
from typing import Any

from cookiecutter_mlops.localaws import clock, faults, runtime
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import roles
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure, ValidationException
from cookiecutter_mlops.localaws.snapshot import Resuming

# SageMaker gives a container this long between SIGTERM and SIGKILL, to save what it can.
GRACE_SECONDS = 120
_ENDS = ("Completed", "Failed", "Stopped")
_NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
_LOST = "InternalServerError: The embedded AWS was stopped while this job ran. Please try again."
log = logging.getLogger(__name__)


class Job(Resuming):
    """One job. `document` is what Describe answers; a subclass says in `run` what happens."""

    noun = ""
    running = ("cluster", "server", "processing")

    def __init__(self, backend: Operations, document: dict[str, Any], image: str) -> None:
        self.backend, self.document, self.image = backend, document, image
        self.name = document[f"{self.noun}Name"]
        self.halted = ""  # why it was told to stop, if it was
        self.logs = True
        self._moving = threading.Lock()
        self.session = roles.assume(backend, self.role(), document[f"{self.noun}Arn"])
        self.renew()

    def role(self) -> str:
        """Return the ARN of the role that the job acts with."""
        return self.document["RoleArn"]

    @property
    def resources(self) -> dict[str, Any]:
        """Return what the job asks for: instance type, number and volume."""
        document = self.document
        cluster = document.get("ProcessingResources", {}).get("ClusterConfig")
        return cluster or document.get("TransformResources") or document.get("ResourceConfig") or {}

    def start(self) -> None:
        threading.Thread(target=self._carry_out, name=self.name, daemon=True).start()

    def renew(self) -> None:
        """Take what the job runs in, as new instances do."""
        raise NotImplementedError

    def end_process(self) -> None:
        """Ask what runs to end, and end it when it does not; return at once."""
        raise NotImplementedError

    def remove(self) -> None:
        """Remove the files of a job that went well; what is left of a failed one may say why."""

    def close(self) -> None:
        """Give back what the job held while it ran."""

    def stop(self) -> None:
        if (status := self.document[f"{self.noun}Status"]) in _ENDS:
            raise ValidationException(f"The request was rejected because the job is in status {status}.")
        self.status("Stopping")
        self.halt("Stopped")

    def resume(self) -> None:
        """Fail if it ran when the embedded AWS went down, as after the loss of an instance."""
        self.session.end()
        if self.document[f"{self.noun}Status"] not in _ENDS:
            self.fail(_LOST)

    def halt(self, reason: str) -> None:
        """Ask the process to end, and end it when it does not."""
        self.halted = self.halted or reason
        self.end_process()

    def line(self, text: str, host: str = "algo-1") -> None:
        """Take one line that a container wrote."""
        if self.logs:
            runtime.write_log(self.backend.account_id, self.backend.region_name, *self.stream(host), [text])

    def stream(self, host: str = "algo-1") -> tuple[str, str]:
        """Log group and stream of a host of the job."""
        return f"/aws/sagemaker/{self.noun}s", f"{self.name}/{host}"

    def status(self, status: str, **members: Any) -> None:
        """Move to a status and tell EventBridge; members that come with it are set first. An end is final."""
        with self._moving:
            if self.document[f"{self.noun}Status"] in _ENDS:
                return
            self.document.update(members, LastModifiedTime=clock.time())
            self.document[f"{self.noun}Status"] = status
        self.backend.emit(self.noun, self.document)

    def fail(self, reason: str) -> None:
        raise NotImplementedError

    def run(self) -> None:
        raise NotImplementedError

    def _carry_out(self) -> None:
        wait = self.document.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds")
        limit = timer(wait, self.halt, "MaxWaitTimeExceeded") if wait else None
        try:
            if faults.take("capacity", self.name, self.resources.get("InstanceType", "")):
                raise ContainerFailure(_NO_CAPACITY)
            with acting.acting(self.session):
                self._provision()
                self.run()
            self.remove()
        except ContainerFailure as failure:
            self.fail(str(failure)[:1024])
        except AwsError as error:  # of S3, for example: it is the customer's, not SageMaker's
            self.fail(f"ClientError: {error.message}"[:1024])
        except Exception as error:
            log.exception("%s %s", self.noun, self.name)
            self.fail(f"InternalServerError: {type(error).__name__}: {error}"[:1024])
        finally:
            self.close()
            self.session.end()
            if limit:
                limit.cancel()

    def _provision(self) -> None:
        """Ask whether the role may have what SageMaker needs before the program runs."""
        roles.check_image(self.image)
        roles.check_volumes(self.resources)
        self.logs = roles.may_log(self.backend, *self.stream())
        roles.report(f"/aws/sagemaker/{self.noun}s")


def timer(seconds: float, action: Any, *arguments: Any) -> threading.Timer:
    """Do something in so many seconds, unless the server ends first."""
    started = threading.Timer(seconds, action, arguments)
    started.daemon = True
    started.start()
    return started
