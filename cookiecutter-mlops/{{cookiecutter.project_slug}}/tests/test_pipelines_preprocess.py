"""A preprocessing job takes each file once, on isolated machines; what it leaves becomes a delivery, once."""

import io
import json

import pytest
from fake_aws import AwsError, FakeAws, parameters
from specs import KEY, training_spec

from pipelines import package, preprocess, project
from pipelines.project import PipelineError

ROLE = "arn:aws:iam::123456789012:role/wages-preprocessing"
MACHINES = {"instance_type": "ml.m5.2xlarge", "instance_count": 3, "volume_size_gb": 500, "max_runtime_seconds": 600}
MACHINES |= {"role_arn": ROLE}
SPEC = training_spec(preprocessing=MACHINES)
ARN = {"ProcessingJobArn": "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/x"}
REPORT = {"files": 2, "rows": 3, "problems": {}, "shards": {"part-1.parquet": "0" * 64}}


class Bucket:
    """A bucket of S3 that is written and read."""

    def __init__(self, aws: FakeAws, **objects):
        self.objects = {key: json.dumps(value).encode() for key, value in objects.items()}
        aws.on(PutObject=self.put, GetObject=self.get, ListObjectsV2=self.listed, DeleteObject=self.delete)

    def put(self, request):
        self.objects[request["Key"]] = request["Body"]
        return {}

    def get(self, request):
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def listed(self, request):
        return {"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(request["Prefix"])]}

    def delete(self, request):
        del self.objects[request["Key"]]
        return {}


def run_of(name, *files, sealed=True, **more):
    """The objects of a run."""
    objects = {f"unprocessed/runs/{name}.json": [{"prefix": "s3://wages-data/unprocessed/items/"}, *files]}
    objects |= {f"raw/preprocessed/{name}/_report.json": REPORT, f"raw/preprocessed/{name}/part-1.parquet": ""}
    return objects | ({f"raw/preprocessed/{name}/_SUCCESS": {}} if sealed else {}) | more


def items(*names):
    return {f"unprocessed/items/{name}": "" for name in names}


@pytest.fixture
def started(aws: FakeAws, monkeypatch):
    monkeypatch.setattr(package, "built", lambda spec: ("repository@sha256:0", "1a2b3c4d"))
    aws.on(CreateProcessingJob=ARN)
    return lambda: aws.called("CreateProcessingJob")[0]


def test_job_is_encrypted_isolated_and_shares_the_files_among_machines(aws: FakeAws):
    aws.on(CreateProcessingJob=ARN)
    spec = training_spec(preprocessing=MACHINES, subnet_ids=["subnet-1"], security_group_ids=["sg-1"])
    wanted = preprocess.request(
        spec, "repository@sha256:0", "wages-preprocess-1", {"labels": "s3://wages-data/unprocessed/labels/"}
    )
    project.client("sagemaker").create_processing_job(**wanted)  # botocore checks it against AWS's model
    assert wanted["RoleArn"] == ROLE
    assert wanted["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert wanted["NetworkConfig"]["EnableInterContainerTrafficEncryption"] is True
    assert wanted["NetworkConfig"]["VpcConfig"]["Subnets"] == ["subnet-1"]
    assert wanted["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert wanted["ProcessingResources"]["ClusterConfig"] == {
        "InstanceType": "ml.m5.2xlarge", "InstanceCount": 3, "VolumeSizeInGB": 500, "VolumeKmsKeyId": KEY
    }  # fmt: skip
    shared = {one["InputName"]: one["S3Input"]["S3DataDistributionType"] for one in wanted["ProcessingInputs"]}
    assert shared == {"items": "ShardedByS3Key", "labels": "FullyReplicated"}


def test_each_file_is_taken_once(aws: FakeAws, started):
    bucket = Bucket(aws, **items("a.csv", "b/c.csv", "d.csv"), **run_of("wages-preprocess-1", "a.csv"))
    name = preprocess.start(SPEC, again=False)
    assert json.loads(bucket.objects[f"unprocessed/runs/{name}.json"])[1:] == ["b/c.csv", "d.csv"]
    assert [one["InputName"] for one in started()["ProcessingInputs"]] == ["items"]


def test_all_files_are_taken_again_where_that_is_asked_for(aws: FakeAws, started):
    labels = {"unprocessed/labels/a.json": {}}
    bucket = Bucket(aws, **items("a.csv", "d.csv"), **run_of("wages-preprocess-1", "a.csv"), **labels)
    name = preprocess.start(SPEC, again=True)
    assert json.loads(bucket.objects[f"unprocessed/runs/{name}.json"])[1:] == ["a.csv", "d.csv"]
    assert [one["InputName"] for one in started()["ProcessingInputs"]] == ["items", "labels"]


@pytest.mark.parametrize(
    ("objects", "sentence"),
    [({}, "items/ is empty"), (items("a.csv") | run_of("wages-preprocess-1", "a.csv"), r"all 1 files of .* are done")],
)
def test_nothing_to_do_is_said(aws: FakeAws, objects, sentence):
    Bucket(aws, **objects)
    with pytest.raises(PipelineError, match=sentence):
        preprocess.start(SPEC, again=False)


def test_run_that_nobody_waited_for_is_gone_on_with(aws: FakeAws):
    Bucket(aws, **run_of("r-1", "a"), **run_of("r-2", "b", sealed=False), **run_of("r-3", "c", sealed=False))
    states = {"r-2": "Completed", "r-3": "Failed"}
    aws.on(DescribeProcessingJob=lambda request: {"ProcessingJobStatus": states[request["ProcessingJobName"]]})
    assert preprocess.unfinished("wages-data") == "r-2"
    states["r-2"] = "Stopped"
    assert preprocess.unfinished("wages-data") is None
    aws.on(DescribeProcessingJob=AwsError("ResourceNotFound"))
    assert preprocess.unfinished("wages-data") is None


def test_delivery_is_complete_last_and_replaces_earlier_ones_of_its_files(aws: FakeAws):
    kept, old, new = run_of("r-1", "z"), run_of("r-2", "a"), run_of("r-3", "a", "b", sealed=False)
    bucket = Bucket(aws, **kept, **old, **new)
    assert preprocess.seal("wages-data", "r-3") == REPORT
    assert json.loads(bucket.objects["raw/preprocessed/r-3/_SUCCESS"]) == {"count": 1, "sha256": REPORT["shards"]}
    assert not [key for key in bucket.objects if key.startswith("raw/preprocessed/r-2/")]
    assert "raw/preprocessed/r-1/_SUCCESS" in bucket.objects
    assert aws.order()[-1] == "PutObject"


def test_preprocessing_that_is_off_says_how_to_set_it(aws: FakeAws, monkeypatch):
    aws.on(GetParameter=parameters({"/wages/training": training_spec()}))
    monkeypatch.setattr("sys.argv", ["preprocess"])
    with pytest.raises(PipelineError, match=r"preprocessing: is off; set it in terraform\.auto\.tfvars\.json"):
        preprocess.main()
