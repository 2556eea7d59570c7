"""A stage whose S3, SSM and SageMaker a test answers for, as the function that launches jobs finds it."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_aws import FakeAws, parameters
from specs import KEY

from functions.launch import aws as launch_aws

CAPTURE = "capture/prod/wages-prod/AllTraffic/"
SPEC = {
    "project_slug": "wages",
    "stage": "prod",
    "endpoint_name": "wages-prod",
    "namespace": "MLOps/wages",
    "role_arn": "arn:aws:iam::123456789012:role/wages-prod-monitor",
    "kms_key_arn": KEY,
    "subnet_ids": [],
    "security_group_ids": [],
    "instance_type": "ml.m5.large",
    "volume_size_gb": 30,
    "max_runtime_seconds": 3600,
    "window_hours": 1,
    "sampling_percentage": 50,
    "history_days": 1,
    "capture_s3_uri": f"s3://wages-data/{CAPTURE}",
    "ground_truth_s3_uri": "s3://wages-data/ground-truth/prod/",
    "output_s3_uri": "s3://wages-data/monitoring/prod/",
}
BATCH = {
    "input_s3_uri": "s3://wages-data/batch/prod/input/",
    "output_s3_uri": "s3://wages-data/batch/prod/output/",
    "manifest_s3_uri": "s3://wages-data/batch/prod/jobs/",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "max_concurrent_files": 4,
    "max_file_mb": 20,
    "content_type": "application/json",
    "accept": "text/csv",
}
LIVE = {
    "version": 3,
    "train_image": "repository@sha256:7",
    "baseline_s3_uri": "s3://wages-models/evaluations/job/baseline.json",
    "endpoint_config": "wages-prod-3",
}


class Stage:
    """A stage with these objects and parameters; what is written is found again."""

    def __init__(self, aws: FakeAws):
        self.aws, self.objects, self.values = aws, {}, {}
        aws.on(GetParameter=parameters(self.values), ListObjectsV2=self._list, GetObject=self._get, PutObject=self._put)
        aws.on(PutMetricData={}, GetMetricStatistics={"Datapoints": [{"Sum": 40.0}]})
        aws.on(CreateProcessingJob={"ProcessingJobArn": "arn"}, CreateTransformJob={"TransformJobArn": "arn"})
        aws.on(ListTransformJobs={"TransformJobSummaries": []})

    def hold(self, **objects: Any) -> None:
        self.objects |= objects

    def metrics(self) -> dict[str, float]:
        data = [metric for request in self.aws.called("PutMetricData") for metric in request["MetricData"]]
        names = (" ".join([metric["MetricName"], *(d["Value"] for d in metric["Dimensions"][1:])]) for metric in data)
        return dict(zip(names, (metric["Value"] for metric in data), strict=True))

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        keys = [key for key in sorted(self.objects) if key.startswith(request["Prefix"])]
        moment = datetime(2026, 1, 2, tzinfo=UTC)
        return {"Contents": [{"Key": key, "LastModified": moment, "Size": len(self.objects[key])} for key in keys]}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def _put(self, request: dict[str, Any]) -> dict[str, Any]:
        self.objects[request["Key"]] = request["Body"]
        return {}


@pytest.fixture
def stage(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(launch_aws, "client", aws.client)
    monkeypatch.setenv("PROJECT", "wages")
    monkeypatch.setenv("STAGE", "prod")
    made = Stage(aws)
    made.values |= {"/wages/prod/monitoring": SPEC, "/wages/prod/batch": SPEC | BATCH, "/wages/prod/live": LIVE}
    return made


def ended(name: str, status: str = "Completed", kind: str = "Processing") -> dict[str, Any]:
    detail = {f"{kind}JobName": name, f"{kind}JobStatus": status}
    what = {"source": "aws.sagemaker", "detail-type": f"SageMaker {kind} Job State Change"}
    return what | {"time": "2026-01-02T04:20:00Z", "detail": detail}
