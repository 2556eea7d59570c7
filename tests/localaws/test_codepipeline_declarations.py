"""What CodePipeline keeps of a declaration, and which declarations it refuses."""

import uuid

import pytest
from botocore.exceptions import ClientError

from tests.localaws.pipelines import Pipeline, action, approval, build, commits, declaration


@pytest.fixture
def name():
    return f"d-{uuid.uuid4().hex[:8]}"


def create(aws, declared):
    aws.client("codepipeline").create_pipeline(pipeline=declared)


def test_declaration_comes_back_as_it_was_given(aws, name):
    source = commits(name)
    source["actions"][0] |= {"runOrder": 1, "timeoutInMinutes": 10, "region": "eu-west-1"}
    more = {
        "variables": [{"name": "REASON", "defaultValue": "commit", "description": "why"}],
        "triggers": [
            {
                "providerType": "CodeStarSourceConnection",
                "gitConfiguration": {"sourceActionName": "Source", "push": [{"branches": {"includes": ["main"]}}]},
            }
        ],
        "artifactStore": {
            "type": "S3",
            "location": f"{name}-artifacts",
            "encryptionKey": {"id": "arn:aws:kms:eu-west-1:123456789012:key/1", "type": "KMS"},
        },
    }
    declared = declaration(name, source, approval(), **more)
    pipeline = Pipeline(aws, declared)
    kept = pipeline.client.get_pipeline(name=name)
    assert {key: kept["pipeline"][key] for key in declared} == declared
    assert (kept["pipeline"]["version"], kept["metadata"]["pipelineArn"]) == (1, pipeline.arn)


def test_update_makes_a_new_version_and_starts_nothing(aws, name):
    pipeline = Pipeline(aws, declaration(name, commits(name), approval()))
    pipeline.client.update_pipeline(pipeline=declaration(name, commits(name), approval("Decide")))
    kept = pipeline.client.get_pipeline(name=name)["pipeline"]
    assert (kept["version"], kept["stages"][1]["name"]) == (2, "Decide")
    assert len(pipeline.executions()) == 1


def test_tags_are_kept(aws, name):
    tags = [{"key": "team", "value": "a"}, {"key": "cost", "value": "b"}]
    pipeline = Pipeline(aws, declaration(name, commits(name), approval()), tags=tags)
    pipeline.client.tag_resource(resourceArn=pipeline.arn, tags=[{"key": "team", "value": "c"}])
    pipeline.client.untag_resource(resourceArn=pipeline.arn, tagKeys=["cost"])
    assert pipeline.client.list_tags_for_resource(resourceArn=pipeline.arn)["tags"] == [{"key": "team", "value": "c"}]


def test_name_is_taken_once(aws, name):
    Pipeline(aws, declaration(name, commits(name), approval()))
    with pytest.raises(ClientError, match="PipelineNameInUseException"):
        create(aws, declaration(name, commits(name), approval()))


def test_variable_without_a_value_starts_no_execution(aws, name):
    pipeline = Pipeline(aws, declaration(name, commits(name), approval(), variables=[{"name": "DATA"}]))
    assert pipeline.executions() == []
    with pytest.raises(ClientError, match="at least 1 character"):
        pipeline.start()
    with pytest.raises(ClientError, match="does not declare a variable with the name 'OTHER'"):
        pipeline.start(variables=[{"name": "DATA", "value": "x"}, {"name": "OTHER", "value": "x"}])


@pytest.mark.parametrize(
    ("stages", "rule"),
    [
        ([commits("r")], "minimum of 2"),
        ([approval(), commits("r")], "the first stage has source actions only"),
        ([commits("r"), approval(), approval()], "Stage names must be unique"),
        ([commits("r"), {"name": "Build", "actions": build("Build", "b")["actions"] * 2}], "Action names must be"),
    ],
)
def test_declaration_that_aws_refuses_is_refused(aws, name, stages, rule):
    with pytest.raises(ClientError, match=f"InvalidStructureException.*{rule}"):
        create(aws, declaration(name, *stages))


def test_artifact_that_nobody_makes_is_refused(aws, name):
    stage = build("Build", "b")
    stage["actions"][0]["inputArtifacts"] = [{"name": "other"}]
    with pytest.raises(ClientError, match=r"InvalidActionDeclarationException.*other"):
        create(aws, declaration(name, commits(name), stage))


@pytest.mark.parametrize(
    ("stage", "more", "what"),
    [
        (approval(), {"executionMode": "PARALLEL"}, "executionMode PARALLEL"),
        (approval(onFailure={"result": "ROLLBACK"}), {}, "onFailure of a stage"),
        ({"name": "Go", "actions": [action("Invoke", "Lambda", "Go", {"FunctionName": "f"})]}, {}, "provider Lambda"),
    ],
)
def test_what_would_not_be_carried_out_is_refused_at_once(aws, name, stage, more, what):
    with pytest.raises(ClientError, match=f"does not implement .*{what}") as refused:
        create(aws, declaration(name, commits(name), stage, **more))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
