"""What training and processing jobs have in common: a document, a thread that carries it out, a process, a clock."""

import logging
import subprocess
import threading
import time
from typing import Any

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure, ValidationException

# SageMaker gives a container this long between SIGTERM and SIGKILL, to save what it can.
GRACE_SECONDS = 120
_ENDS = ("Completed", "Failed", "Stopped")
log = logging.getLogger(__name__)


class Job:
    """One job. `document` is what Describe answers; a subclass says in `run` what happens."""

    noun = ""

    def __init__(self, backend: Operations, document: dict[str, Any], image: str) -> None:
        self.backend, self.document = backend, document
        self.name = document[f"{self.noun}Name"]
        self.process: subprocess.Popen[str] | None = None
        self.halted = ""  # why it was told to stop, if it was
        self._moving = threading.Lock()
        self.container = Container(
            self.name, image, account=backend.account_id, region=backend.region_name, isolated=self._isolated()
        )

    def start(self) -> None:
        threading.Thread(target=self._carry_out, name=self.name, daemon=True).start()

    def stop(self) -> None:
        if (status := self.document[f"{self.noun}Status"]) in _ENDS:
            raise ValidationException(f"The request was rejected because the job is in status {status}.")
        self.status("Stopping")
        self.halt("Stopped")

    def halt(self, reason: str) -> None:
        """Ask the process to end, and end it when it does not."""
        self.halted = self.halted or reason
        if self.process:
            threading.Thread(target=runtime.stop, args=(self.process, GRACE_SECONDS), daemon=True).start()

    def execute(self, arguments: list[str], environment: dict[str, str], entrypoint: Any = None) -> int:
        """Run the container's program under the job's time limit and return its exit code."""
        if self.halted:
            return 0
        self.process = self.container.start(arguments, environment, self.line, entrypoint)
        limit = self.document.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
        timer = threading.Timer(limit, self.halt, ["MaxRuntimeExceeded"])
        timer.daemon = True
        timer.start()
        code = self.process.wait()
        timer.cancel()
        self.process.reader.join(10)  # type: ignore[attr-defined]
        return code

    def line(self, text: str) -> None:
        """Take one line that the container wrote."""
        backend = self.backend
        runtime.write_log(
            backend.account_id, backend.region_name, f"/aws/sagemaker/{self.noun}s", f"{self.name}/algo-1", [text]
        )

    def status(self, status: str, **members: Any) -> None:
        """Move to a status and tell EventBridge; members that come with it are set first. An end is final."""
        with self._moving:
            if self.document[f"{self.noun}Status"] in _ENDS:
                return
            self.document.update(members, LastModifiedTime=time.time())
            self.document[f"{self.noun}Status"] = status
        self.backend.emit(self.noun, self.document)

    def fail(self, reason: str) -> None:
        raise NotImplementedError

    def run(self) -> None:
        raise NotImplementedError

    def _carry_out(self) -> None:
        try:
            self.run()
            self.container.remove()  # what is left of a failed one may say why
        except ContainerFailure as failure:
            self.fail(str(failure)[:1024])
        except Exception as error:
            log.exception("%s %s", self.noun, self.name)
            self.fail(f"InternalServerError: {type(error).__name__}: {error}"[:1024])

    def _isolated(self) -> bool:
        network = self.document.get("NetworkConfig") or self.document
        return bool(network.get("EnableNetworkIsolation"))
