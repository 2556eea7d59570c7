"""The model registry of the embedded AWS."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for


@pytest.fixture
def group(aws: Aws) -> str:
    name = f"group-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


def register(aws: Aws, group: str, **changes: Any) -> str:
    wanted = {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [{"Image": "an/image@sha256:1", "ModelDataUrl": "s3://models/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **changes,
    }
    return aws.client("sagemaker").create_model_package(**wanted)["ModelPackageArn"]


def test_packages_of_a_group_are_numbered_and_numbers_are_not_used_again(aws: Aws, group: str) -> None:
    first, second = register(aws, group), register(aws, group)
    assert second == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{group}/2"
    aws.client("sagemaker").delete_model_package(ModelPackageName=second)
    assert register(aws, group) == first[:-1] + "3"


def test_package_is_described_as_it_was_registered(aws: Aws, group: str) -> None:
    metadata = {"commit": "abc", "value": "224.1"}
    quality = {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://models/evaluation.json"}}
    arn = register(aws, group, CustomerMetadataProperties=metadata, ModelMetrics={"ModelQuality": quality})
    package = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert (package["ModelPackageVersion"], package["ModelApprovalStatus"]) == (1, "PendingManualApproval")
    assert (package["CustomerMetadataProperties"], package["ModelPackageStatus"]) == (metadata, "Completed")
    assert package["ModelMetrics"]["ModelQuality"] == quality
    assert package["InferenceSpecification"]["Containers"][0]["Image"] == "an/image@sha256:1"


def test_package_registered_again_with_its_token_is_the_same(aws: Aws, group: str) -> None:
    assert register(aws, group, ClientToken="t1") == register(aws, group, ClientToken="t1")


def test_packages_are_listed_by_approval_newest_first_on_request(aws: Aws, group: str) -> None:
    arns = [register(aws, group, ModelApprovalStatus=status) for status in ("Approved", "Rejected", "Approved")]
    listed = aws.client("sagemaker").list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    assert [package["ModelPackageArn"] for package in listed["ModelPackageSummaryList"]] == [arns[2], arns[0]]


def test_package_list_has_pages(aws: Aws, group: str) -> None:
    arns = [register(aws, group) for _ in range(3)]
    pages = aws.client("sagemaker").get_paginator("list_model_packages")
    listed = pages.paginate(ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}).build_full_result()
    assert [package["ModelPackageArn"] for package in listed["ModelPackageSummaryList"]] == arns


def test_approval_is_an_event_with_the_details_of_aws(aws: Aws, group: str) -> None:
    queue = aws.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"]},
    }
    events, rule = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rsplit('/', 1)[1]}"
    events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": arn}])
    package = register(aws, group)
    for _ in range(2):  # the second time changes nothing, so it is no event
        aws.client("sagemaker").update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="looks good"
        )
    messages = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"])
    assert len(messages) == 1
    event = json.loads(messages[0]["Body"])
    assert event["resources"] == [package]
    assert event["detail"]["ModelPackageArn"] == package
    assert (event["detail"]["ModelPackageVersion"], event["detail"]["ModelPackageStatus"]) == (1, "Completed")
    assert event["detail"]["CreationTime"].endswith("Z")


def test_metadata_is_merged_and_removed_by_an_update(aws: Aws, group: str) -> None:
    sagemaker, arn = aws.client("sagemaker"), register(aws, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    sagemaker.update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"c": "3"}, CustomerMetadataPropertiesToRemove=["a"]
    )
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["CustomerMetadataProperties"] == {"b": "2", "c": "3"}


def test_group_with_packages_is_not_deleted(aws: Aws, group: str) -> None:
    sagemaker, arn = aws.client("sagemaker"), register(aws, group)
    with pytest.raises(ClientError, match="contains Model Packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_operation_that_nobody_implements_is_refused_by_name(aws: Aws) -> None:
    with pytest.raises(ClientError, match="ListAutoMLJobs") as refused:
        aws.client("sagemaker").list_auto_ml_jobs()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
