"""The budgets of one account, each with its notifications, their subscribers and its tags."""

from datetime import UTC, datetime
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.utilities.utils import PARTITION_NAMES

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import AwsError

Document = dict[str, Any]

FAR_FUTURE = datetime(2087, 6, 15, tzinfo=UTC)  # the end that AWS gives to a budget without one
NO_SPENDING = {"ActualSpend": {"Amount": "0", "Unit": "USD"}, "ForecastedSpend": {"Amount": "0", "Unit": "USD"}}


class BudgetsBackend(BaseBackend):
    """Budgets as they were given: nothing here ever costs anything."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.budgets: dict[str, Document] = {}
        # By budget: (notification, subscribers) pairs, because a notification has no name of its own.
        self.notifications: dict[str, list[tuple[Document, list[Document]]]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def create_budget(self, request: Document) -> Document:
        name = request["Budget"]["BudgetName"]
        if name in self.budgets:
            raise AwsError("DuplicateRecordException", f"Error creating budget: {name} - the budget already exists.")
        self.budgets[name] = _complete(request["Budget"])
        pairs = request.get("NotificationsWithSubscribers") or []
        self.notifications[name] = [(pair["Notification"], pair["Subscribers"]) for pair in pairs]
        self.tags[name] = {tag["Key"]: tag["Value"] for tag in request.get("ResourceTags") or []}
        return {}

    def describe_budget(self, request: Document) -> Document:
        return {"Budget": self.budgets[self._named(request)]}

    def describe_budgets(self, request: Document) -> Document:
        return {"Budgets": list(self.budgets.values())}

    def update_budget(self, request: Document) -> Document:
        name = self._named({"BudgetName": request["NewBudget"]["BudgetName"]})
        self.budgets[name] = _complete(request["NewBudget"])
        return {}

    def delete_budget(self, request: Document) -> Document:
        name = self._named(request)
        del self.budgets[name], self.notifications[name], self.tags[name]
        return {}

    def create_notification(self, request: Document) -> Document:
        self.notifications[self._named(request)].append((request["Notification"], request["Subscribers"]))
        return {}

    def delete_notification(self, request: Document) -> Document:
        pairs = self.notifications[self._named(request)]
        pairs.remove(self._pair(request))
        return {}

    def describe_notifications_for_budget(self, request: Document) -> Document:
        return {"Notifications": [notification for notification, _ in self.notifications[self._named(request)]]}

    def describe_subscribers_for_notification(self, request: Document) -> Document:
        return {"Subscribers": self._pair(request)[1]}

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"ResourceTags": [{"Key": key, "Value": value} for key, value in self._tags(request).items()]}

    def tag_resource(self, request: Document) -> Document:
        self._tags(request).update({tag["Key"]: tag["Value"] for tag in request["ResourceTags"]})
        return {}

    def untag_resource(self, request: Document) -> Document:
        for key in request["ResourceTagKeys"]:
            self._tags(request).pop(key, None)
        return {}

    def _named(self, request: Document) -> str:
        name: str = request["BudgetName"]
        if name not in self.budgets:
            raise AwsError("NotFoundException", f"Unable to get budget: {name} - the budget doesn't exist.")
        return name

    def _pair(self, request: Document) -> tuple[Document, list[Document]]:
        for pair in self.notifications[self._named(request)]:
            if _same(pair[0], request["Notification"]):
                return pair
        raise AwsError("NotFoundException", "Unable to get notification - the notification doesn't exist.")

    def _tags(self, request: Document) -> dict[str, str]:
        return self.tags[self._named({"BudgetName": request["ResourceARN"].rpartition("/")[2]})]


def _complete(budget: Document) -> Document:
    """Add what AWS adds to a budget."""
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    period = {"Start": month, "End": FAR_FUTURE} | (budget.get("TimePeriod") or {})
    return budget | {"TimePeriod": period, "CalculatedSpend": NO_SPENDING}


def _same(one: Document, other: Document) -> bool:
    """Compare what identifies a notification; its state is none of that."""
    keys = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    return all(one.get(key) == other.get(key) for key in keys)


budgets_backends = BackendDict(BudgetsBackend, "budgets", use_boto3_regions=False, additional_regions=PARTITION_NAMES)
