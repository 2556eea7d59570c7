"""The queue of an asynchronous endpoint: requests wait in it while all instances are busy, or while there are none."""

import threading
from collections import deque
from collections.abc import Callable

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.sagemaker import metrics
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.snapshot import Resuming

# SageMaker chooses a number where the configuration has none.
_CONCURRENT = 4
_REPORT_SECONDS = 60


class Backlog(Resuming):
    """The requests of one endpoint; `document` is its current description."""

    def __init__(self, backend: Operations, document: Document) -> None:
        self.backend, self.document = backend, document
        self.waiting: deque[Callable[[], None]] = deque()
        self.taken: list[Callable[[], None]] = []
        self.closed = False
        self._moving = threading.Lock()
        self._report()

    def put(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)
        self.turn()
        self._measure()

    def turn(self) -> None:
        """Start what waits, as far as there are instances for it."""
        while work := self._next():
            threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def close(self) -> None:
        self.closed = True
        self.waiting.clear()

    def resume(self) -> None:
        """Let those wait again that nobody answered before the embedded AWS went down; the endpoint takes its turn."""
        self.waiting.extendleft(reversed(self.taken))
        self.taken.clear()

    @property
    def instances(self) -> int:
        return sum(variant.get("CurrentInstanceCount", 0) for variant in self.document.get("ProductionVariants", []))

    def _next(self) -> Callable[[], None] | None:
        client = (self.document.get("AsyncInferenceConfig") or {}).get("ClientConfig", {})
        capacity = self.instances * client.get("MaxConcurrentInvocationsPerInstance", _CONCURRENT)
        with self._moving:
            if self.document["EndpointStatus"] != "InService" or not self.waiting or len(self.taken) >= capacity:
                return None
            self.taken.append(self.waiting.popleft())
            return self.taken[-1]

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._moving:
                self.taken.remove(work)
            self._measure()
            self.turn()

    def _report(self) -> None:
        """Tell CloudWatch each minute how long the queue is, also when it is empty: alarms wait for that."""
        if not self.closed:
            self._measure()
            clock.after(_REPORT_SECONDS, self._report)

    def _measure(self) -> None:
        size, instances = len(self.waiting) + len(self.taken), self.instances
        values = {"ApproximateBacklogSize": size, "HasBacklogWithoutCapacity": float(bool(size) and not instances)}
        if instances:  # nobody divides by none: AWS has no such data point either
            values["ApproximateBacklogSizePerInstance"] = size / instances
        metrics.put(self.backend, {"EndpointName": self.document["EndpointName"]}, values, "Count")
