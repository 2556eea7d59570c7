"""Budgets keep what they were given, so that a second plan is empty."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT

ALERT = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:eu-west-1:{ACCOUNT}:owner"}


def budget(name: str, amount: str = "200.0") -> dict:
    limit = {"Amount": amount, "Unit": "USD"}
    return {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}


@pytest.fixture
def budgets(aws):
    return aws.client("budgets")


def test_budget_is_described_as_it_was_updated(budgets):
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget("updated"))
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget("updated", "300.0"))
    described = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="updated")["Budget"]
    assert float(described["BudgetLimit"]["Amount"]) == 300
    assert described["TimePeriod"]["Start"].day == 1


def test_notification_keeps_its_subscribers(budgets):
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=budget("alerted"),
        NotificationsWithSubscribers=[{"Notification": ALERT, "Subscribers": [TOPIC]}],
    )
    asked = {"AccountId": ACCOUNT, "BudgetName": "alerted"}
    assert budgets.describe_notifications_for_budget(**asked)["Notifications"] == [ALERT]
    assert budgets.describe_subscribers_for_notification(**asked, Notification=ALERT)["Subscribers"] == [TOPIC]
    budgets.delete_notification(**asked, Notification=ALERT)
    assert budgets.describe_notifications_for_budget(**asked).get("Notifications", []) == []


def test_tags_can_be_changed(budgets):
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/tagged"
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget("tagged"), ResourceTags=[{"Key": "project", "Value": "a"}])
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "owner", "Value": "b"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["project"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "owner", "Value": "b"}]


def test_second_budget_of_a_name_is_refused(budgets):
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget("twice"))
    with pytest.raises(ClientError) as refused:
        budgets.create_budget(AccountId=ACCOUNT, Budget=budget("twice"))
    assert refused.value.response["Error"]["Code"] == "DuplicateRecordException"


def test_deleted_budget_is_not_found(budgets):
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget("deleted"))
    budgets.delete_budget(AccountId=ACCOUNT, BudgetName="deleted")
    with pytest.raises(ClientError) as missing:
        budgets.describe_budget(AccountId=ACCOUNT, BudgetName="deleted")
    assert missing.value.response["Error"]["Code"] == "NotFoundException"
