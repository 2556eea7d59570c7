"""Training is asked for safely, goes through its list of machines, and is never started twice for the same order."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fake_aws import AwsError, FakeAws, parameters, sequence
from specs import KEY, training_spec

from pipelines import job, train
from pipelines.project import PipelineError
from pipelines.snapshot import Snapshot
from training.settings import UserError, load_settings

ROOT = Path(__file__).parent.parent
ORDER = job.Order("repository@sha256:0", "1a2b3c4d5e6f", Snapshot("v1", "s3://wages-data/snapshots/v1/", False))
QUIET = {"ListTrainingJobs": {"TrainingJobSummaries": []}, "DescribeLogStreams": {"logStreams": []}}


def ended(status: str, reason: str = "") -> dict[str, Any]:
    result = {"TrainingJobName": "job", "TrainingJobStatus": status, "SecondaryStatus": status}
    return result | {"FailureReason": reason, "ResourceConfig": {"InstanceType": "ml.m5.xlarge"}}


def test_request_is_isolated_and_encrypted():
    request = job.request(training_spec(), ORDER, "job", "ml.m5.xlarge")
    assert request["EnableNetworkIsolation"] is True
    assert request["EnableInterContainerTrafficEncryption"] is True
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert request["Environment"] == {"MLOPS_COMMIT": "1a2b3c4d5e6f", "MLOPS_DATA_VERSION": "v1"}
    assert "VpcConfig" not in request
    assert request["CheckpointConfig"]["S3Uri"] == "s3://wages-models/checkpoints/1a2b3c4d-v1/"
    assert [channel["ChannelName"] for channel in request["InputDataConfig"]] == ["training"]


LIVE = {"version": 7, "model_data_url": "s3://wages-models/training/7/output/model.tar.gz"}


def test_request_hands_over_the_live_model_to_compare_with():
    request = job.request(training_spec(), replace(ORDER, champion=LIVE), "job", "ml.m5.xlarge")
    first, second = request["InputDataConfig"]
    assert (first["ChannelName"], second["ChannelName"]) == ("training", "champion")
    assert second["DataSource"]["S3DataSource"]["S3Uri"] == LIVE["model_data_url"]
    assert request["Environment"]["MLOPS_LIVE_VERSION"] == "7"


def test_champion_is_what_is_live_in_the_last_stage_and_still_there(aws: FakeAws, capsys: pytest.CaptureFixture[str]):
    aws.on(GetParameter=parameters({"/wages/prod/live": LIVE}), HeadObject={})
    assert train.champion(training_spec()) == LIVE
    aws.on(HeadObject=AwsError("404", "Not Found", status=404))
    assert train.champion(training_spec()) is None
    assert "version 7 is live, but s3://wages-models" in capsys.readouterr().out
    aws.on(GetParameter=parameters({}))
    assert train.champion(training_spec()) is None


def test_request_on_a_type_with_local_disks_names_no_volume_key():
    assert "VolumeKmsKeyId" not in job.request(training_spec(), ORDER, "job", "ml.g5.2xlarge")["ResourceConfig"]


def test_request_on_spot_waits_longer():
    request = job.request(training_spec(use_spot=True), ORDER, "job", "ml.m5.xlarge")
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}


def test_request_in_a_network_names_it():
    spec = training_spec(subnet_ids=["subnet-1"], security_group_ids=["sg-1"])
    assert job.request(spec, ORDER, "job", "ml.m5.xlarge")["VpcConfig"] == {
        "Subnets": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
    }


def test_request_with_weights_has_a_channel_for_them():
    order = replace(ORDER, weights="s3://wages-models/weights/own/")
    channels = job.request(training_spec(), order, "job", "ml.g5.2xlarge")["InputDataConfig"]
    assert [channel["ChannelName"] for channel in channels] == ["training", "weights"]
    assert channels[1]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://wages-models/weights/own/"


def test_request_of_streamed_shards_gives_every_machine_the_manifest(aws: FakeAws):
    spec = training_spec(instance_count=2, input_mode="FastFile", data_distribution="ShardedByS3Key")
    aws.on(CreateTrainingJob={})
    train.start(spec, replace(ORDER, champion=LIVE), 0, "ml.m5.xlarge")
    (request,) = aws.called("CreateTrainingJob")
    assert request["ResourceConfig"]["InstanceCount"] == 2
    data, manifest, champion = request["InputDataConfig"]
    sources = [one["DataSource"]["S3DataSource"] for one in (data, manifest, champion)]
    assert (data["ChannelName"], data["InputMode"]) == ("training", "FastFile")
    assert sources[0]["S3DataDistributionType"] == "ShardedByS3Key"
    assert sources[1]["S3Uri"] == "s3://wages-data/snapshots/v1/manifest.json"
    assert {one["S3DataDistributionType"] for one in sources[1:]} == {"FullyReplicated"}
    assert {one.get("InputMode", "File") for one in (manifest, champion)} == {"File"}


@pytest.mark.parametrize(
    ("learns", "distribution", "files", "words"),
    [
        ({}, "FullyReplicated", 1, r"instance_count: .* learns on one machine.*on 2 .*use 1; .*preprocess"),
        ({"other": "share"}, "ShardedByS3Key", 9, r"learns on one machine.*\(other\)"),
        ({"own": "all"}, "ShardedByS3Key", 9, "data_distribution: own needs all rows.*use FullyReplicated"),
        ({"own": "share"}, "ShardedByS3Key", 3, "snapshot v1: 3 files are too few for 2 machines.*at least 4"),
    ],
)
def test_machines_that_could_not_learn_together_are_not_rented(
    monkeypatch: pytest.MonkeyPatch, learns: dict[str, str], distribution: str, files: int, words: str
):
    monkeypatch.setattr("training.distributed.MODELS", learns)
    own = load_settings(ROOT / "project.toml")
    monkeypatch.setattr(train, "load_settings", lambda: replace(own, model=replace(own.model, name="own")))
    data = replace(ORDER.snapshot, files=files)
    with pytest.raises(UserError, match=words):
        train.check_machines(training_spec(instance_count=2, data_distribution=distribution), data)
    train.check_machines(training_spec(instance_count=1, data_distribution=distribution), data)


@pytest.mark.parametrize(("commit", "expected"), [("1a2b3c4d5e6f", "1a2b3c4d"), ("_.x-3Y.Zq1", "x3YZq1")])
def test_name_holds_time_and_commit(commit: str, expected: str):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert job.name("wages", commit, 0, now) == f"wages-20260102030405-{expected}"
    assert job.name("wages", commit, 1, now) == f"wages-20260102030405-{expected}-2"


def test_job_that_completes_gives_its_name(aws: FakeAws):
    aws.on(**QUIET, CreateTrainingJob={}, DescribeTrainingJob=sequence(ended("InProgress"), ended("Completed")))
    assert train.train(training_spec(), ORDER) == "job"
    assert len(aws.called("CreateTrainingJob")) == 1


def test_no_capacity_goes_on_with_the_next_type(aws: FakeAws):
    lacking = ended("Failed", "CapacityError: Unable to provision requested ML compute capacity.")
    aws.on(**QUIET, CreateTrainingJob={}, DescribeTrainingJob=sequence(lacking, ended("Completed")))
    train.train(training_spec(), ORDER)
    requests = aws.called("CreateTrainingJob")
    assert [request["ResourceConfig"]["InstanceType"] for request in requests] == ["ml.m5.xlarge", "ml.g5.2xlarge"]
    assert len({request["TrainingJobName"] for request in requests}) == 2


def test_no_capacity_anywhere_names_the_types(aws: FakeAws):
    aws.on(**QUIET, CreateTrainingJob={}, DescribeTrainingJob=ended("Failed", "CapacityError: none"))
    with pytest.raises(PipelineError, match=r"ml\.m5\.xlarge, ml\.g5\.2xlarge"):
        train.train(training_spec(), ORDER)
    tried = [request["ResourceConfig"]["InstanceType"] for request in aws.called("CreateTrainingJob")]
    assert tried == ["ml.m5.xlarge", "ml.g5.2xlarge"] * train.ROUNDS


def test_quota_ends_at_once_with_the_request_to_make(aws: FakeAws):
    aws.on(**QUIET, CreateTrainingJob=AwsError("ResourceLimitExceeded", "limit is 0"))
    with pytest.raises(PipelineError, match=r"ml\.m5\.xlarge for training job usage.*Service Quotas"):
        train.train(training_spec(), ORDER)
    assert len(aws.called("CreateTrainingJob")) == 1


def test_failed_job_tells_its_own_sentence(aws: FakeAws):
    reason = "AlgorithmError: wages.csv: there is no column 'wage'., exit code: 1"
    aws.on(**QUIET, CreateTrainingJob={}, DescribeTrainingJob=ended("Failed", reason))
    with pytest.raises(PipelineError) as error:
        train.train(training_spec(), ORDER)
    assert str(error.value) == "training job job: wages.csv: there is no column 'wage'."


def test_running_job_of_the_same_order_is_adopted(aws: FakeAws):
    names = mine, _ = "wages-20260102030405-1a2b3c4d", "wages-20260102030406-1a2b3c4d"
    running = {"TrainingJobSummaries": [{"TrainingJobName": name} for name in reversed(names)]}

    def described(request: dict[str, Any]) -> dict[str, Any]:
        name = request["TrainingJobName"]
        known = {"TrainingJobName": name, "AlgorithmSpecification": {"TrainingImage": ORDER.image}}
        return ended("Completed") | known | {"Environment": ORDER.environment if name == mine else {}}

    aws.on(**QUIET | {"ListTrainingJobs": running}, DescribeTrainingJob=described)
    assert train.train(training_spec(), replace(ORDER, champion=LIVE)) == mine  # released since it was started
    assert aws.called("CreateTrainingJob") == []


def test_job_that_ended_while_its_waiter_was_dead_is_adopted(aws: FakeAws):
    order = replace(ORDER, execution="p1")
    name = "wages-20260102030405-1a2b3c4d"

    def listed(request: dict[str, Any]) -> dict[str, Any]:
        found = [{"TrainingJobName": name}] if request["StatusEquals"] == "Completed" else []
        return {"TrainingJobSummaries": found}

    known = {"TrainingJobName": name, "AlgorithmSpecification": {"TrainingImage": order.image}}
    aws.on(**QUIET | {"ListTrainingJobs": listed}, CreateTrainingJob={})
    aws.on(DescribeTrainingJob=ended("Completed") | known | {"Environment": order.environment})
    assert train.train(training_spec(), order) == name
    assert aws.called("CreateTrainingJob") == []
    assert train.adoptable(training_spec(), replace(order, execution="p2")) is None  # asked for once more


def test_log_of_the_job_is_shown_once(aws: FakeAws, capsys: pytest.CaptureFixture[str]):
    def page(request: dict[str, Any]) -> dict[str, Any]:
        first = "nextToken" not in request
        return {"events": [{"message": "metric=224.1 baseline=306.0"}] if first else [], "nextForwardToken": "f/1"}

    aws.on(**QUIET | {"DescribeLogStreams": {"logStreams": [{"logStreamName": "job/algo-1"}]}}, GetLogEvents=page)
    aws.on(CreateTrainingJob={}, DescribeTrainingJob=sequence(*[ended("InProgress")] * 3, ended("Completed")))
    train.train(training_spec(), ORDER)
    assert capsys.readouterr().out.count("metric=224.1") == 1
