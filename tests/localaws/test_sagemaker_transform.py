"""Batch transform jobs of the embedded AWS."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import new_config
from tests.localaws.events import Listener

ENDED = ("Completed", "Failed", "Stopped")


def request(aws: Aws, bucket: str, answer: str = "upper", source: Any = None, **changes: Any) -> dict[str, Any]:
    source = source or {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}
    wanted = {
        "TransformJobName": f"job-{uuid.uuid4().hex[:8]}",
        "ModelName": new_config(aws, answer),
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out/", "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return wanted | changes


def run(aws: Aws, wanted: dict[str, Any]) -> dict[str, Any]:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_transform_job(**wanted)

    def ended() -> Any:
        job = sagemaker.describe_transform_job(TransformJobName=wanted["TransformJobName"])
        return job if job["TransformJobStatus"] in ENDED else None

    return wait_for(ended)


def outputs(aws: Aws, bucket: str) -> dict[str, str]:
    s3 = aws.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def test_transform_job_answers_every_file_of_a_prefix(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.csv": "a,1\nb,2\n", "in/more/b.csv": "c,3"})
    wanted = request(aws, bucket, MaxConcurrentTransforms=4, BatchStrategy="SingleRecord")
    listener = Listener(aws, source=["aws.sagemaker"], detail={"TransformJobName": [wanted["TransformJobName"]]})
    job = run(aws, wanted)
    assert job["TransformJobStatus"] == "Completed", job
    assert outputs(aws, bucket) == {"out/a.csv.out": "A,1\nB,2\n", "out/more/b.csv.out": "C,3\n"}
    events = listener.until(lambda told: told["TransformJobStatus"] == "Completed")
    listener.close()
    assert {event["detail-type"] for event in events} == {"SageMaker Transform Job State Change"}
    assert [event["detail"]["TransformJobStatus"] for event in events] == ["InProgress", "Completed"]
    names = [
        item["TransformJobName"] for item in aws.client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    ]
    assert wanted["TransformJobName"] in names


def test_transform_job_reads_the_files_of_a_manifest(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.csv": "a", "in/b.csv": "b", "in/c.csv": "c"})
    manifest = f'[{{"prefix": "s3://{bucket}/in/"}}, "a.csv", "c.csv"]'
    aws.client("s3").put_object(Bucket=bucket, Key="list.json", Body=manifest.encode())
    job = run(aws, request(aws, bucket, source={"S3DataType": "ManifestFile", "S3Uri": f"s3://{bucket}/list.json"}))
    assert job["TransformJobStatus"] == "Completed", job
    assert outputs(aws, bucket) == {"out/a.csv.out": "A\n", "out/c.csv.out": "C\n"}


def test_transform_job_without_split_sends_the_whole_file(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "one\ntwo"})
    wanted = request(aws, bucket, answer="whole")
    wanted["TransformInput"]["SplitType"] = "None"
    wanted["TransformOutput"].pop("AssembleWith")
    run(aws, wanted)
    assert '"body": "one\\ntwo"' in outputs(aws, bucket)["out/a.txt.out"]


def test_transform_job_filters_the_input_and_joins_it_to_the_answer(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.csv": "id1,x,y\nid2,z,w\n"})
    filters = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-2,-1]"}
    job = run(aws, request(aws, bucket, DataProcessing=filters))
    assert job["TransformJobStatus"] == "Completed", job
    assert outputs(aws, bucket) == {"out/a.csv.out": "id1,X,Y\nid2,Z,W\n"}


def test_transform_job_with_a_file_that_fails_keeps_the_others(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/good.csv": "a", "in/wrong.csv": "bad"})
    job = run(aws, request(aws, bucket))
    assert (job["TransformJobStatus"], job["FailureReason"]) == (
        "Failed",
        "ClientError: See job logs for more information",
    )
    assert list(outputs(aws, bucket)) == ["out/good.csv.out"]
    stream = f"{job['TransformJobName']}/algo-1/data-log"
    events = aws.client("logs").get_log_events(logGroupName="/aws/sagemaker/TransformJobs", logStreamName=stream)
    assert f"{bucket}/in/wrong.csv: Bad HTTP status received from algorithm: 400" in events["events"][0]["message"]


def test_transform_job_with_a_record_over_the_payload_fails(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/big.csv": "x" * 1_100_000})
    assert run(aws, request(aws, bucket, MaxPayloadInMB=1))["TransformJobStatus"] == "Failed"
    assert outputs(aws, bucket) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ModelName": "nobody"}, 'Could not find model "nobody"'),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "cannot be greater than 100"),
        (
            {
                "TransformResources": {
                    "InstanceType": "ml.g4dn.xlarge",
                    "InstanceCount": 1,
                    "VolumeKmsKeyId": "alias/key",
                }
            },
            "VolumeKmsKeyId is not supported for ml.g4dn.xlarge, which has local instance storage",
        ),
    ],
    ids=["unknown-model", "payload-over-100-mb", "key-on-local-disks"],
)
def test_transform_job_impossible_is_refused(aws: Aws, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said):
        aws.client("sagemaker").create_transform_job(**request(aws, new_bucket(aws, **{"in/a": "1"}), **changes))


def test_transform_job_name_used_twice_is_refused(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"in/a": "1"}))
    run(aws, wanted)
    with pytest.raises(ClientError, match="a job with this name already exists") as refused:
        aws.client("sagemaker").create_transform_job(**wanted)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
