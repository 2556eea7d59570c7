"""The stand-in as an image that a project's embedded AWS finds, and what is asked of it in a loop."""

import json
import shutil
import sys
from pathlib import Path

from cookiecutter_mlops.loop import LoopProject
from tests.loop.vllm import serve

NAME = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/vllm:server-sagemaker-cuda-v1"
ASK = """
import json, sys
from functions.invoke import shape
print(json.dumps(shape.to_endpoint({"dialogue": sys.argv[1]})))
"""


def have(project: LoopProject, python: str = sys.executable) -> None:
    """Let the project's registry hold the stand-in, started by this Python, under the name of AWS's image."""
    local, digest = project.path / ".mlops" / "local", "5" * 64
    shutil.copytree(Path(serve.__file__).parent, local / "images" / digest)
    (local / "images" / digest / ".bundle.json").write_text(
        json.dumps({"entrypoint": [python, "serve.py"], "python": python})
    )
    (local / "registry.json").write_text(json.dumps({NAME: f"sha256:{digest}"}))


def asked(project: LoopProject, dialogue: str, *variables: str) -> dict:
    """What the project's Lambda function, with these environment variables, asks the endpoint."""
    return json.loads(project.run("env", *variables, sys.executable, "-c", ASK, dialogue).stdout)


def streamed(project: LoopProject, body: dict) -> str:
    """The summary as it comes in pieces from the endpoint itself."""
    answer = project.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName=project.outputs["endpoints"]["prod"],
        ContentType="application/json",
        Body=json.dumps(body | {"stream": True}),
    )
    text = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"]).decode()
    *events, last = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert last == "[DONE]"
    assert len(events) > 1
    return "".join(json.loads(event)["choices"][0]["delta"]["content"] for event in events).strip()
