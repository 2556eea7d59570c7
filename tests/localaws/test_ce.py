"""Cost Explorer's monitors keep what they were given, and refuse what AWS refuses."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT

TOPIC = {"Type": "SNS", "Address": f"arn:aws:sns:eu-west-1:{ACCOUNT}:owner"}
PROJECT = {"Tags": {"Key": "project", "Values": ["salaries"], "MatchOptions": ["EQUALS"]}}


@pytest.fixture
def ce(aws):
    return aws.client("ce")


@pytest.fixture
def monitor(ce):
    asked = {"MonitorName": "salaries", "MonitorType": "CUSTOM", "MonitorSpecification": PROJECT}
    arn = ce.create_anomaly_monitor(AnomalyMonitor=asked)["MonitorArn"]
    yield arn
    ce.delete_anomaly_monitor(MonitorArn=arn)


def subscription(monitor: str, **changed) -> dict:
    asked = {"SubscriptionName": "salaries", "MonitorArnList": [monitor], "Frequency": "IMMEDIATE"}
    return asked | {"Subscribers": [TOPIC], "Threshold": 50.0} | changed


def code(refused) -> str:
    return refused.value.response["Error"]["Code"]


def test_monitor_is_described_as_it_was_updated(ce, monitor):
    ce.update_anomaly_monitor(MonitorArn=monitor, MonitorName="wages")
    (described,) = ce.get_anomaly_monitors(MonitorArnList=[monitor])["AnomalyMonitors"]
    assert (described["MonitorName"], described["MonitorSpecification"]) == ("wages", PROJECT)


def test_subscription_is_described_as_it_was_updated_and_then_is_gone(ce, monitor):
    arn = ce.create_anomaly_subscription(AnomalySubscription=subscription(monitor))["SubscriptionArn"]
    ce.update_anomaly_subscription(SubscriptionArn=arn, Threshold=80.0)
    (described,) = ce.get_anomaly_subscriptions(SubscriptionArnList=[arn])["AnomalySubscriptions"]
    assert (described["Threshold"], described["Subscribers"]) == (80, [TOPIC])
    ce.delete_anomaly_subscription(SubscriptionArn=arn)
    with pytest.raises(ClientError) as missing:
        ce.get_anomaly_subscriptions(SubscriptionArnList=[arn])
    assert code(missing) == "UnknownSubscriptionException"


def test_summary_to_a_topic_is_refused(ce, monitor):
    with pytest.raises(ClientError) as refused:
        ce.create_anomaly_subscription(AnomalySubscription=subscription(monitor, Frequency="DAILY"))
    assert code(refused) == "ValidationException"


def test_second_monitor_of_all_services_is_refused(ce):
    asked = {"MonitorName": "services", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    arn = ce.create_anomaly_monitor(AnomalyMonitor=asked)["MonitorArn"]
    with pytest.raises(ClientError) as refused:
        ce.create_anomaly_monitor(AnomalyMonitor=asked)
    assert code(refused) == "LimitExceededException"
    ce.delete_anomaly_monitor(MonitorArn=arn)


def test_tags_of_a_monitor_can_be_changed(ce, monitor):
    ce.tag_resource(ResourceArn=monitor, ResourceTags=[{"Key": "owner", "Value": "a"}, {"Key": "stage", "Value": "b"}])
    ce.untag_resource(ResourceArn=monitor, ResourceTagKeys=["stage"])
    assert ce.list_tags_for_resource(ResourceArn=monitor)["ResourceTags"] == [{"Key": "owner", "Value": "a"}]


def test_cost_allocation_tag_is_active_until_it_is_switched_off(ce):
    for status in ("Active", "Inactive"):
        ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=[{"TagKey": "project", "Status": status}])
        (tag,) = ce.list_cost_allocation_tags(TagKeys=["project"])["CostAllocationTags"]
        assert (tag["Status"], tag["Type"]) == (status, "UserDefined")
