"""How an update moves an endpoint's traffic to its new fleet: at once, by a canary, in steps; guarded by alarms.

See https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html. One process stands for all instances of
a variant, so a rolling update differs from a linear one only in its waiting.
"""

import math
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.sagemaker import alarms
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import RolledBack, ValidationException
from cookiecutter_mlops.localaws.sagemaker.routing import Router
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet

# How often, in seconds of this machine, a baking deployment looks at its alarms.
_LOOK_SECONDS = 0.1


class Step(NamedTuple):
    """Traffic on so many of the new instances, and the seconds to bake with it."""

    instances: int
    seconds: float
    waits_for: str


class Plan:
    """What a DeploymentConfig means for a fleet of `total` instances."""

    def __init__(self, settings: dict[str, Any], total: int) -> None:
        self.settings, self.total = settings, total
        self.rolling = settings.get("RollingUpdatePolicy")
        self.policy = self.rolling or settings.get("BlueGreenUpdatePolicy", {})
        routing = self.policy.get("TrafficRoutingConfiguration", {})
        self.type = "ROLLING" if self.rolling else routing.get("Type", "ALL_AT_ONCE")
        size = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(self.type, "")
        self.size = self.policy.get("MaximumBatchSize") if self.rolling else routing.get(size)
        self.wait = (self.policy if self.rolling else routing).get("WaitIntervalInSeconds", 0)

    @property
    def timeout(self) -> float:
        """Seconds after which the whole deployment is given up."""
        return self.policy.get("MaximumExecutionTimeoutInSeconds", math.inf)

    def check(self) -> None:
        """Refuse steps that are over half of the fleet: on one instance, every step is."""
        if self.type == "ALL_AT_ONCE":
            return
        name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(self.type, "MaximumBatchSize")
        if not self.size:
            raise ValidationException(f"{name} is required when the traffic routing type is {self.type}.")
        share = self.size["Value"] / (100 if self.size["Type"] == "CAPACITY_PERCENT" else self.total)
        if share > 0.5 or self.total < 2:
            raise ValidationException(
                f"Invalid {name}: value must be less than or equal to 50% of the variant's total instance count "
                f"({self.size['Type']} {self.size['Value']} of {self.total} instance(s))."
            )
        if self.type == "LINEAR" and share < 0.1:
            raise ValidationException(f"Invalid {name}: value must be 10-50% of the variant's total instance count.")

    def steps(self) -> list[Step]:
        """Return the steps of the shift; the last one has all of the traffic."""
        steps = [Step(instances, self.wait, "WaitIntervalInSeconds") for instances in self._partial()]
        if self.rolling:
            return [*steps, Step(self.total, self.wait, "WaitIntervalInSeconds")]
        return [*steps, Step(self.total, self.policy.get("TerminationWaitInSeconds", 0), "TerminationWaitInSeconds")]

    def _partial(self) -> list[int]:
        """Return how many instances have traffic in each step before the last."""
        if self.type == "ALL_AT_ONCE":
            return []
        size = self._instances()
        return [size] if self.type == "CANARY" else list(range(size, self.total, size))

    def _instances(self) -> int:
        assert self.size
        value = self.size["Value"]
        return max(1, self.total * value // 100) if self.size["Type"] == "CAPACITY_PERCENT" else value


class Deployment:
    """One shift of an endpoint's traffic to a healthy new fleet."""

    def __init__(self, backend: Operations, plan: Plan, tell: Callable[[str, str], None]) -> None:
        self.backend, self.plan, self.tell = backend, plan, tell
        self.cancelled = threading.Event()

    def carry_out(self, router: Router, fleet: Fleet) -> None:
        """Shift and bake step by step; raise RolledBack when an alarm fires or the time is over."""
        until = clock.time() + self.plan.timeout
        for step in self.plan.steps():
            whole = step.instances >= self.plan.total
            capacity = f"{'full' if whole else 'canary'} capacity of {step.instances} instance(s)"
            self.tell("ActivatingTraffic", f"Activating traffic on {capacity}.")
            router.shift(fleet, 1 if whole else step.instances / self.plan.total)
            baked = clock.time() + step.seconds  # before anybody reads of it and moves the clock
            if step.seconds:
                bake = f"Baking for {step.seconds} seconds ({step.waits_for}) with traffic enabled on {capacity}."
                self.tell("Baking", bake)
            self._bake(baked, until)

    def _bake(self, baked: float, until: float) -> None:
        """Watch the alarms up to a moment of the embedded clock, and once more at the end."""
        while True:
            if is_over := clock.time() >= baked:
                alarms.evaluate(self.backend)
            self._look(until)
            if is_over or self.cancelled.wait(_LOOK_SECONDS):
                return

    def _look(self, until: float) -> None:
        if ringing := alarms.raised(self.backend, self.plan.settings):
            raise RolledBack(f"The deployment was rolled back: alarm(s) {ringing} are in ALARM state.")
        if clock.time() > until:
            raise RolledBack(
                f"The deployment was rolled back: it took longer than {self.plan.timeout} seconds "
                "(MaximumExecutionTimeoutInSeconds)."
            )
