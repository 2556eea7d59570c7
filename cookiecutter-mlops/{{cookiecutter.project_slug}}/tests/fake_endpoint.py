"""An endpoint that starts, updates, fails and rolls back as SageMaker's do, and a release to it, for the tests."""

from collections.abc import Sequence
from typing import Any

from fake_aws import AwsError, FakeAws, parameters
from specs import GROUP_ARN, endpoint_spec

from pipelines import deploy

FIRST = "wages-prod-v1-20260101000000"


class Endpoint:
    """One endpoint that takes each update at the second look or, unhealthy, refuses it; then its alarms ring."""

    def __init__(self, aws: FakeAws, status: str | None, *, healthy: bool = True, alarms: Sequence[str] = ()):
        self.alarms, self.ringing = alarms, False
        aws.on(DescribeAlarms=self.describe_alarms)
        self.status, self.config, self.healthy = status, FIRST, healthy
        self.wanted: str | None = None
        self.made: set[str] = set()
        aws.on(DescribeEndpoint=self.describe, CreateEndpoint=self.create, UpdateEndpoint=self.update)
        aws.on(DeleteEndpoint=self.delete, CreateModel=self.make, CreateEndpointConfig={}, DeleteModel=self.discard)
        aws.on(DeleteEndpointConfig={}, PutParameter={}, DescribeLogStreams={"logStreams": []})
        aws.on(DescribeScalableTargets={"ScalableTargets": []}, ListEndpointConfigs={"EndpointConfigs": []})

    def describe(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.status is None:
            raise AwsError("ValidationException", 'Could not find endpoint "wages-prod".')
        answer = {"EndpointStatus": self.status, "EndpointConfigName": self.config}
        if self.status in ("Creating", "Updating", "RollingBack"):
            self.settle()
        elif self.status == "Failed" or (self.wanted and self.wanted != self.config):
            answer["FailureReason"] = "The container did not answer /ping."
        return answer

    def describe_alarms(self, request: dict[str, Any]) -> dict[str, Any]:
        states = {name: "ALARM" if self.ringing and name in self.alarms else "OK" for name in request["AlarmNames"]}
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": state} for name, state in states.items()]}

    def settle(self) -> None:
        self.ringing = not self.healthy
        if self.wanted and self.healthy:
            self.config = self.wanted
        self.status = "Failed" if self.status == "Creating" and not self.healthy else "InService"

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        self.status, self.wanted, self.config = "Creating", request["EndpointConfigName"], request["EndpointConfigName"]
        return {}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.status == "InService"
        self.status, self.wanted = "Updating", request["EndpointConfigName"]
        return {}

    def delete(self, _: dict[str, Any]) -> dict[str, Any]:
        self.status = None
        return {}

    def make(self, request: dict[str, Any]) -> dict[str, Any]:
        self.made.add(request["ModelName"])
        return {}

    def discard(self, request: dict[str, Any]) -> dict[str, Any]:
        self.made.discard(request["ModelName"])
        return {}


def live(version: int, spec: dict[str, Any], config: str = FIRST) -> dict[str, Any]:
    """What the parameter `live` says of a release."""
    arn = f"{GROUP_ARN}/{version}"
    return {"model_package_arn": arn, "version": version, "endpoint_config": config, "spec": deploy.fingerprint(spec)}


def release(aws: FakeAws, wanted: str = "newest", now: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Deploy to prod, the only stage, where `now` is live; `changes` are of the endpoint's spec."""
    aws.on(GetParameter=parameters({"/wages/prod/live": now} if now else {}))
    return deploy.deploy(endpoint_spec(**changes), ["prod"], wanted)
