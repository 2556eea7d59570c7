"""The resources of SageMaker that are only documents; that they do not drift is in test_terraform."""

import uuid

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, Aws

ROLE = f"arn:aws:iam::{ACCOUNT}:role/studio"


def test_user_profiles_are_listed_by_domain_and_gone_when_deleted(aws: Aws) -> None:
    sagemaker, settings = aws.client("sagemaker"), {"ExecutionRole": ROLE}
    domains = []
    for name in ("one", "two"):
        made = sagemaker.create_domain(
            DomainName=name, AuthMode="IAM", DefaultUserSettings=settings, VpcId="vpc-1", SubnetIds=["subnet-1"]
        )
        domains.append(made["DomainArn"].rsplit("/", 1)[1])
        sagemaker.create_user_profile(DomainId=domains[-1], UserProfileName=f"user-{name}")
    listed = sagemaker.list_user_profiles(DomainIdEquals=domains[1])["UserProfiles"]
    assert [profile["UserProfileName"] for profile in listed] == ["user-two"]
    sagemaker.update_domain(
        DomainId=domains[0], DomainSettingsForUpdate={"DockerSettings": {"EnableDockerAccess": "ENABLED"}}
    )
    domain = sagemaker.describe_domain(DomainId=domains[0])
    assert (domain["Status"], domain["DomainSettings"]["DockerSettings"]) == (
        "InService",
        {"EnableDockerAccess": "ENABLED"},
    )
    sagemaker.delete_user_profile(DomainId=domains[0], UserProfileName="user-one")
    with pytest.raises(ClientError) as gone:
        sagemaker.describe_user_profile(DomainId=domains[0], UserProfileName="user-one")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_pipeline_definition_is_read_from_s3(aws: Aws) -> None:
    sagemaker, name = aws.client("sagemaker"), f"pipeline-{uuid.uuid4().hex[:8]}"
    definition = '{"Version": "2020-12-01", "Steps": [{"Name": "Stop", "Type": "Fail"}]}'
    bucket = new_bucket(aws, **{"pipeline.json": definition})
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinitionS3Location={"Bucket": bucket, "ObjectKey": "pipeline.json"},
        ClientRequestToken=uuid.uuid4().hex,
        RoleArn=ROLE,
    )
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == definition
    assert name in [item["PipelineName"] for item in sagemaker.list_pipelines()["PipelineSummaries"]]


def test_features_added_to_a_group_are_described(aws: Aws) -> None:
    sagemaker, name = aws.client("sagemaker"), f"group-{uuid.uuid4().hex[:8]}"
    definitions = [{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "String"}]
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=definitions,
        RoleArn=ROLE,
    )
    more = {"FeatureName": "wage", "FeatureType": "Fractional"}
    sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=[more])
    assert sagemaker.describe_feature_group(FeatureGroupName=name)["FeatureDefinitions"] == [*definitions, more]
    assert [group["FeatureGroupName"] for group in sagemaker.list_feature_groups()["FeatureGroupSummaries"]] == [name]


def test_code_repositories_are_listed(aws: Aws) -> None:
    sagemaker, name = aws.client("sagemaker"), f"repository-{uuid.uuid4().hex[:8]}"
    sagemaker.create_code_repository(CodeRepositoryName=name, GitConfig={"RepositoryUrl": "https://example.com/a.git"})
    names = [item["CodeRepositoryName"] for item in sagemaker.list_code_repositories()["CodeRepositorySummaryList"]]
    assert names == [name]
    sagemaker.delete_code_repository(CodeRepositoryName=name)
