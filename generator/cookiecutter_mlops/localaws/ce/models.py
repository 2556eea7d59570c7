"""Anomaly monitors and subscriptions of one account as documents: Get gives what Create got, with what AWS adds."""

import uuid
from typing import Any

from moto.ce.models import CostExplorerBackend as MotoBackend

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import AwsError

Document = dict[str, Any]


class CostExplorerBackend(MotoBackend):
    """The Cost Explorer of one account; what is defined here takes a request and returns an answer."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.monitors: dict[str, Document] = {}
        self.subscriptions: dict[str, Document] = {}
        self.cost_tags: dict[str, Document] = {}

    def create_anomaly_monitor(self, request: Document) -> Document:
        monitor = request["AnomalyMonitor"]
        if monitor["MonitorType"] == "DIMENSIONAL" and any(
            other.get("MonitorDimension") == monitor.get("MonitorDimension") for other in self.monitors.values()
        ):
            raise AwsError("LimitExceededException", "Limit exceeded on dimensional spend monitor creation")
        arn = self._store(self.monitors, "anomalymonitor", "MonitorArn", monitor, request)
        today = _today()
        self.monitors[arn] |= {"CreationDate": today, "LastUpdatedDate": today, "DimensionalValueCount": 0}
        return {"MonitorArn": arn}

    def get_anomaly_monitors(self, request: Document) -> Document:
        return {
            "AnomalyMonitors": self._wanted(self.monitors, request.get("MonitorArnList"), "UnknownMonitorException")
        }

    def update_anomaly_monitor(self, request: Document) -> Document:
        (monitor,) = self._wanted(self.monitors, [request["MonitorArn"]], "UnknownMonitorException")
        monitor |= {"MonitorName": request.get("MonitorName", monitor["MonitorName"]), "LastUpdatedDate": _today()}
        return {"MonitorArn": request["MonitorArn"]}

    def delete_anomaly_monitor(self, request: Document) -> Document:
        self._wanted(self.monitors, [request["MonitorArn"]], "UnknownMonitorException")
        del self.monitors[request["MonitorArn"]]
        return {}

    def create_anomaly_subscription(self, request: Document) -> Document:
        subscription = request["AnomalySubscription"]
        self._check(subscription)
        arn = self._store(self.subscriptions, "anomalysubscription", "SubscriptionArn", subscription, request)
        self.subscriptions[arn]["AccountId"] = self.account_id
        return {"SubscriptionArn": arn}

    def get_anomaly_subscriptions(self, request: Document) -> Document:
        arns = request.get("SubscriptionArnList")
        return {"AnomalySubscriptions": self._wanted(self.subscriptions, arns, "UnknownSubscriptionException")}

    def update_anomaly_subscription(self, request: Document) -> Document:
        arn = request["SubscriptionArn"]
        (subscription,) = self._wanted(self.subscriptions, [arn], "UnknownSubscriptionException")
        changed = subscription | {name: value for name, value in request.items() if value is not None}
        self._check(changed)
        self.subscriptions[arn] = changed
        return {"SubscriptionArn": arn}

    def delete_anomaly_subscription(self, request: Document) -> Document:
        self._wanted(self.subscriptions, [request["SubscriptionArn"]], "UnknownSubscriptionException")
        del self.subscriptions[request["SubscriptionArn"]]
        return {}

    def list_cost_allocation_tags(self, request: Document) -> Document:
        keys, status = request.get("TagKeys"), request.get("Status")
        found = [
            tag
            for tag in self.cost_tags.values()
            if (not keys or tag["TagKey"] in keys) and status in (None, tag["Status"])
        ]
        return {"CostAllocationTags": found}

    def update_cost_allocation_tags_status(self, request: Document) -> Document:
        """Activate or deactivate tags; AWS refuses keys that no bill has shown yet, here every key counts as shown."""
        for entry in request["CostAllocationTagsStatus"]:
            self.cost_tags[entry["TagKey"]] = {**entry, "Type": "UserDefined", "LastUpdatedDate": _today()}
        return {"Errors": []}

    def _store(self, documents: Document, noun: str, member: str, document: Document, request: Document) -> str:
        arn = f"arn:{self.partition}:ce::{self.account_id}:{noun}/{uuid.uuid4()}"
        documents[arn] = {**document, member: arn}
        self.tagger.tag_resource(arn, request.get("ResourceTags") or [])
        return arn

    def _wanted(self, documents: dict[str, Document], arns: list[str] | None, code: str) -> list[Document]:
        if missing := [arn for arn in arns or [] if arn not in documents]:
            raise AwsError(code, f"Unknown ARN: {missing[0]}")
        return [documents[arn] for arn in arns] if arns else list(documents.values())

    def _check(self, subscription: Document) -> None:
        """Refuse what AWS refuses: unknown monitors, messages at once by e-mail, summaries to a topic."""
        self._wanted(self.monitors, subscription["MonitorArnList"], "UnknownMonitorException")
        kinds = {subscriber["Type"] for subscriber in subscription["Subscribers"]}
        if kinds != {"SNS" if subscription["Frequency"] == "IMMEDIATE" else "EMAIL"}:
            raise AwsError("ValidationException", f"{subscription['Frequency']} does not support {', '.join(kinds)}")


def _today() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
