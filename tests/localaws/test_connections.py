"""Connections of the embedded AWS, under both names of the service."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, Aws


@pytest.mark.parametrize("service", ["codestar-connections", "codeconnections"])
def test_connection_is_kept_until_it_is_deleted(aws: Aws, service: str) -> None:
    client = aws.client(service)
    tags = [{"Key": "project", "Value": "a"}]
    arn = client.create_connection(ProviderType="GitHub", ConnectionName="a", Tags=tags)["ConnectionArn"]
    assert arn.startswith(f"arn:aws:{service}:{REGION}:{ACCOUNT}:connection/")
    connection = client.get_connection(ConnectionArn=arn)["Connection"]
    assert (connection["ConnectionStatus"], connection["ProviderType"]) == ("PENDING", "GitHub")
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["project"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]
    client.delete_connection(ConnectionArn=arn)
    assert client.list_connections()["Connections"] == []
    with pytest.raises(ClientError) as gone:
        client.get_connection(ConnectionArn=arn)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"
