"""What a released project is asked in a loop: how good its model is, one request, a batch of files."""

from typing import Any

from cookiecutter_mlops.loop import LoopProject
from tests.loop.conftest import wait_for_capture


def gain(project: LoopProject) -> float:
    """By how much the newest model is better than the trivial one, in the direction of its metric."""
    place = project.packages()[0]["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    evaluation = project.wait_for_object(place)
    better = evaluation["value"] - evaluation["baseline"]
    return better if evaluation["higher_is_better"] else -better


def answered(project: LoopProject, request: dict[str, Any]) -> dict[str, Any]:
    """What the Lambda answers: at once, as the endpoint does by itself where it can be asked so, or later in S3."""
    answer = project.invoke_function(request)
    assert answer.pop("inference_id")
    if "output_location" not in answer:
        if "instances" in request:  # what is simpler to ask is no endpoint's own shape
            assert answer == project.invoke_endpoint(request)
        return answer
    answer = project.wait_for_object(answer["output_location"])
    wait_for_capture(project)
    return answer


def answered_in_batch(project: LoopProject, files: dict[str, bytes]) -> dict[str, bytes]:
    """The output of each file; a batch without files is not started."""
    s3, bucket = project.client("s3"), project.outputs["data_bucket"]
    for name, content in files.items():
        s3.put_object(Bucket=bucket, Key=f"batch/prod/input/{name}", Body=content)
    if files:
        project.mlops("batch")
    keys = {name: f"batch/prod/output/{name}.out" for name in files}
    return {name: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for name, key in keys.items()}
