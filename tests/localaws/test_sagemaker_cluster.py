"""Jobs on several instances of the embedded AWS: shards, hosts that reach each other, one artifact, one end."""

import json
import os
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws.sagemaker import namespaces
from cookiecutter_mlops.localaws.sagemaker.network import Network
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import AddFault, Aws, serve, wait_for
from tests.localaws.test_sagemaker_faults import SPOT
from tests.localaws.test_sagemaker_processing import CLUSTER, source
from tests.localaws.test_sagemaker_processing import ended as processed
from tests.localaws.test_sagemaker_processing import start as start_processing
from tests.localaws.test_sagemaker_training import GPU, ended, printed, request, run, unpacked

NUMBERS = {f"data/{number}": str(number) for number in range(1, 6)}


def channel(bucket: str, prefix: str = "data/", name: str = "training", **more: Any) -> dict[str, Any]:
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}", "S3DataDistributionType": "ShardedByS3Key"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": place | more}}


def on(aws: Aws, bucket: str, count: int, **changes: Any) -> dict[str, Any]:
    changes = {"InputDataConfig": [channel(bucket)], "ResourceConfig": GPU | {"InstanceCount": count}} | changes
    return request(aws, bucket, **changes)


def reducing() -> dict[str, str]:
    """Return hyperparameters with which hosts sum what they read."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {"port": str(probe.getsockname()[1])}


def reduced(aws: Aws, job: dict[str, Any]) -> dict[str, Any]:
    """Return what each host left in the model's archive."""
    assert job["TrainingJobStatus"] == "Completed", job
    files = unpacked(aws, job["ModelArtifacts"]["S3ModelArtifacts"])
    return {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}


def running(aws: Aws, name: str) -> list[str]:
    """Return the processes of a job."""
    return [
        folder.name
        for folder in Path("/proc").glob("[0-9]*")
        if f"{aws.home}/jobs/TrainingJob-{name}/" in _text(folder / "environ") + _text(folder / "cmdline")
    ]


def gone(aws: Aws, name: str) -> bool:
    """Whether no process of a job is left, a moment after its end."""
    return wait_for(lambda: not running(aws, name), seconds=10)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("isolated", [False, True], ids=["open", "isolated"])
def test_hosts_read_disjoint_shards_and_sum_them(aws: Aws, isolated: bool) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    wanted = on(aws, bucket, 3, HyperParameters=reducing(), EnableNetworkIsolation=isolated)
    shares = reduced(aws, run(aws, wanted))
    assert shares == {
        "algo-1.json": {"files": ["1", "4"], "sum": 15},
        "algo-2.json": {"files": ["2", "5"], "sum": 15},
        "algo-3.json": {"files": ["3"], "sum": 15},
    }
    assert gone(aws, wanted["TrainingJobName"])


def test_replicated_channel_is_whole_on_each_host(aws: Aws) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    whole = channel(bucket, S3DataDistributionType="FullyReplicated")
    shares = reduced(aws, run(aws, on(aws, bucket, 2, InputDataConfig=[whole], HyperParameters=reducing())))
    assert [share["sum"] for share in shares.values()] == [30, 30]


def test_manifest_is_sharded_as_its_list(aws: Aws) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    listed = [{"prefix": f"s3://{bucket}/data/"}, "5", "2", "1"]
    aws.client("s3").put_object(Bucket=bucket, Key="list", Body=json.dumps(listed).encode())
    wanted = on(aws, bucket, 2, InputDataConfig=[channel(bucket, "list", S3DataType="ManifestFile")])
    shares = reduced(aws, run(aws, wanted | {"HyperParameters": reducing()}))
    assert [share["files"] for share in shares.values()] == [["1", "5"], ["2"]]


def test_heterogeneous_cluster_gives_each_group_its_channel(aws: Aws) -> None:
    bucket = new_bucket(aws, **NUMBERS, **{"other/9": "9"})
    groups = [
        {"InstanceGroupName": "data", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        {"InstanceGroupName": "dnn", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    ]
    inputs = [
        channel(bucket, InstanceGroupNames=["data"]),
        channel(bucket, "other/", "other", InstanceGroupNames=["dnn"]),
    ]
    resources = {"InstanceGroups": groups, "VolumeSizeInGB": 5}
    wanted = on(aws, bucket, 0, InputDataConfig=inputs, ResourceConfig=resources, HyperParameters=reducing())
    job = run(aws, wanted)
    assert [share["files"] for share in reduced(aws, job).values()] == [["1", "3", "5"], ["2", "4"], ["9"]]
    seen = unpacked(aws, job["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar", "output.tar"))
    written = json.loads(seen["seen.json"])["resources"]
    assert written == {
        "current_host": "algo-1",
        "current_instance_type": "ml.c5.xlarge",
        "current_group_name": "data",
        "hosts": ["algo-1", "algo-2", "algo-3"],
        "instance_groups": [
            {"instance_group_name": "data", "instance_type": "ml.c5.xlarge", "hosts": ["algo-1", "algo-2"]},
            {"instance_group_name": "dnn", "instance_type": "ml.g5.xlarge", "hosts": ["algo-3"]},
        ],
        "network_interface_name": "lo",
    }


def test_mode_of_the_algorithm_is_that_of_its_channels(aws: Aws) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    wanted = request(aws, bucket)
    wanted["AlgorithmSpecification"]["TrainingInputMode"] = "FastFile"
    output = run(aws, wanted)["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar", "output.tar")
    assert json.loads(unpacked(aws, output)["seen.json"])["channels"]["training"]["TrainingInputMode"] == "FastFile"
    wanted["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    wanted["TrainingJobName"] += "-pipe"
    with pytest.raises(ClientError, match="S3Prefix in mode Pipe") as refused:
        aws.client("sagemaker").create_training_job(**wanted)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(
    ("member", "value"),
    [("CompressionType", "Gzip"), ("RecordWrapperType", "RecordIO"), ("ShuffleConfig", {"Seed": 1})],
)
def test_channel_that_would_be_changed_on_the_way_is_not_emulated(aws: Aws, member: str, value: Any) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    wanted = on(aws, bucket, 1, InputDataConfig=[channel(bucket) | {member: value}])
    with pytest.raises(ClientError, match=f"{member} of channels .channel training.") as refused:
        aws.client("sagemaker").create_training_job(**wanted)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_host_that_fails_ends_the_others_and_the_job(aws: Aws) -> None:
    bucket = new_bucket(aws, **NUMBERS)
    wanted = on(aws, bucket, 2, HyperParameters={"fail-on": "algo-2", "sleep": "60"})
    job = run(aws, wanted)
    assert job["FailureReason"] == "AlgorithmError: , exit code: 5"
    assert gone(aws, wanted["TrainingJobName"])


def test_stop_reaches_all_hosts(aws: Aws) -> None:
    wanted = on(aws, new_bucket(aws, **NUMBERS), 2, HyperParameters={"sleep": "60"})
    name = wanted["TrainingJobName"]
    aws.client("sagemaker").create_training_job(**wanted)
    assert wait_for(lambda: all("asleep" in printed(aws, name, host) for host in ("algo-1", "algo-2")))
    aws.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert wait_for(lambda: ended(aws, name))["TrainingJobStatus"] == "Stopped"
    assert gone(aws, name)


def test_killed_cluster_fails_the_job(aws: Aws, fault: AddFault) -> None:
    wanted = on(aws, new_bucket(aws, **NUMBERS), 2, HyperParameters={"sleep": "60"})
    fault("kill", wanted["TrainingJobName"], after=0.5)
    assert run(aws, wanted)["FailureReason"].endswith("exit code: 137")
    assert gone(aws, wanted["TrainingJobName"])


@pytest.mark.slow
def test_spot_interruption_takes_all_hosts(aws: Aws, fault: AddFault) -> None:
    wanted = on(aws, new_bucket(aws, **NUMBERS), 2, HyperParameters={"steps": "2", "pace": "1.5"}, **SPOT)
    fault("spot-interruption", wanted["TrainingJobName"], after=1.2)
    job = run(aws, wanted)
    assert "Interrupted" in [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert job["TrainingJobStatus"] == "Completed"
    for host in ("algo-1", "algo-2"):
        assert printed(aws, wanted["TrainingJobName"], host).count("step=2") == 1  # neither was left to go on


def test_quota_counts_all_instances(aws: Aws, fault: AddFault) -> None:
    wanted = on(aws, new_bucket(aws, **NUMBERS), 2)
    fault("quota", wanted["TrainingJobName"])
    with pytest.raises(ClientError, match="a request delta of 2 Instances"):
        aws.client("sagemaker").create_training_job(**wanted)


def test_processing_job_on_two_instances_writes_all_outputs(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a": "a", "in/b": "b"})
    sharded = source("in", f"s3://{bucket}/in/")
    sharded["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"
    resources = {"ClusterConfig": CLUSTER | {"InstanceCount": 2}}
    name = start_processing(aws, bucket, sharded, ProcessingResources=resources)
    assert processed(aws, name)["ProcessingJobStatus"] == "Completed"
    s3, found = aws.client("s3"), aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]
    texts = {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found}
    assert texts == {"out/algo-1.txt": b"A", "out/algo-2.txt": b"B"}


@pytest.mark.parametrize("isolated", [False, True], ids=["open", "isolated"])
def test_isolated_job_reaches_nothing(aws: Aws, isolated: bool) -> None:
    reach = {"reach": aws.url.removeprefix("http://")}
    wanted = request(aws, new_bucket(aws, **NUMBERS), HyperParameters=reach, EnableNetworkIsolation=isolated)
    output = run(aws, wanted)["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar", "output.tar")
    said = unpacked(aws, output)["network.txt"].decode()
    assert said == ("[Errno 111] Connection refused" if isolated else "reached")
    assert gone(aws, wanted["TrainingJobName"])


@pytest.mark.slow
def test_killed_server_leaves_no_host_behind(tmp_path: Path) -> None:
    with serve(tmp_path) as aws:
        wanted = on(aws, new_bucket(aws, **NUMBERS), 2, HyperParameters={"sleep": "60"}, EnableNetworkIsolation=True)
        aws.client("sagemaker").create_training_job(**wanted)
        assert wait_for(
            lambda: len(running(aws, wanted["TrainingJobName"])) == 3
        )  # two hosts, and who holds their network
        os.kill(json.loads((aws.home / "server.json").read_text())["pid"], signal.SIGKILL)
        assert wait_for(lambda: not running(aws, wanted["TrainingJobName"]))


def test_network_without_namespaces_has_hosts_by_address_and_no_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "refused.py").write_text("import sys; sys.exit('unshare: Operation not permitted')")
    monkeypatch.setattr(namespaces, "__file__", str(tmp_path / "refused.py"))
    network = Network(tmp_path, 2, isolated=True)
    assert network.problem == "unshare: Operation not permitted"
    assert network.hosts == ["127.0.0.1", "127.0.0.2"]
    assert network.command(["train"], tmp_path) == ["train"]
    with pytest.raises(OSError, match="refused"):
        urllib.request.build_opener(urllib.request.ProxyHandler({"http": network.environment["HTTP_PROXY"]})).open(
            "http://example.com"
        )
