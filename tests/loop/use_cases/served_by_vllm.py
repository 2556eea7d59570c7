"""Summaries by a model that the pipeline trained, served by the stand-in for AWS's vLLM image."""

import json
from typing import Any

from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.loop import LoopProject
from tests.loop.conftest import keep_few_tests
from tests.loop.use_cases import Case
from tests.loop.use_cases.summaries import LOST
from tests.loop.vllm import image

VLLM = {
    "image": image.NAME,
    "environment": {"SM_VLLM_MAX_MODEL_LEN": "512"},
    "ami": "al2-ami-sagemaker-inference-gpu-3-1",
}


# The stand-in computes each word from the whole text before it, in numpy: nothing to measure.
PATIENT = {
    "kind": "real-time",
    "instance_type": "ml.g5.2xlarge",
    "capture_percentage": 100,
    "latency_ms": 120_000,
}


def has_vllm(project: LoopProject) -> None:
    keep_few_tests(project)
    image.have(project, str(environment(project.path)))


def summary_is_short(answer: dict[str, Any]) -> None:
    assert len(answer["summary"].split()) >= 4


def vllm_serves_what_was_trained(project: LoopProject) -> None:
    """The package names the image, which answers as the model did in training, whole and in pieces; all is captured."""
    (container,) = project.packages()[0]["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["Environment"]) == (VLLM["image"], VLLM["environment"])
    (variant,) = live_variants(project)
    assert (variant["InferenceAmiVersion"], variant["ModelDataDownloadTimeoutInSeconds"]) == (VLLM["ami"], 900)
    question = image.asked(project, LOST)
    assert project.invoke_endpoint(question)["object"] == "chat.completion"
    assert image.streamed(project, question) == project.invoke_function({"dialogue": LOST})["summary"]
    recorded = project.samples()[0]
    assert project.invoke_function(recorded["request"])["predictions"] == recorded["response"]["predictions"]
    too_long = project.invoke_function({"dialogue": LOST * 100})
    assert (too_long["status"], "maximum context length is 512" in too_long["error"]) == (400, True)
    report = json.loads((project.path / ".mlops" / "monitoring" / "prod" / "statistics.json").read_text())
    assert all(entry["drift"]["rows"] > 0 for entry in report["features"])


def live_variants(project: LoopProject) -> list[dict[str, Any]]:
    sagemaker = project.client("sagemaker")
    live = sagemaker.describe_endpoint(EndpointName=project.outputs["endpoints"]["prod"])["EndpointConfigName"]
    return sagemaker.describe_endpoint_config(EndpointConfigName=live)["ProductionVariants"]


CASE = Case(
    {"dialogue": LOST},
    summary_is_short,
    {"dialogue", "(prediction)"},
    variables={"serving": VLLM, "endpoint": PATIENT},
    before=has_vllm,
    then=vllm_serves_what_was_trained,
)
