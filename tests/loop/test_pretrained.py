"""A pre-trained language model with no training: made, applied, given weights, asked through the Lambda, destroyed.

The image is AWS's vLLM in name; a stand-in with its settings and protocol runs (vllm/serve.py).
"""

import json
import struct

import numpy as np
import pytest

from cookiecutter_mlops.loop import LoopProject
from tests.loop.conftest import new_project
from tests.loop.vllm import image, serve

pytestmark = pytest.mark.slow

SIZE, INNER, LAYERS = 32, 64, 2
CONFIG = {"architectures": ["LlamaForCausalLM"], "hidden_size": SIZE, "num_hidden_layers": LAYERS,
          "num_attention_heads": 4, "rms_norm_eps": 1e-6, "vocab_size": serve.END + 1}  # fmt: skip
DIALOGUE = "Agent: Harbor Bank, this is Ada.\nCustomer: I lost my card on Monday.\nAgent: I have blocked it."


def weights(seed: int) -> dict[str, bytes]:
    """The files of a tiny Llama with random weights."""
    draw, shapes = np.random.default_rng(seed), {"model.norm": (SIZE,)}
    shapes |= dict.fromkeys(("model.embed_tokens", "lm_head"), (serve.END + 1, SIZE))
    for layer in (f"model.layers.{number}" for number in range(LAYERS)):
        shapes |= {f"{layer}.self_attn.{name}_proj": (SIZE, SIZE) for name in "qkvo"}
        shapes |= {f"{layer}.mlp.{name}_proj": (INNER, SIZE) for name in ("gate", "up")}
        shapes |= {f"{layer}.mlp.down_proj": (SIZE, INNER)}
        shapes |= dict.fromkeys((f"{layer}.input_layernorm", f"{layer}.post_attention_layernorm"), (SIZE,))
    arrays = {f"{name}.weight": draw.normal(size=shape).astype("<f4") for name, shape in shapes.items()}
    return {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": safetensors(arrays)}


def safetensors(arrays: dict[str, np.ndarray]) -> bytes:
    head, body = {}, b""
    for name, array in arrays.items():
        offsets = [len(body), len(body) + array.nbytes]
        head[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
        body += array.tobytes()
    told = json.dumps(head).encode()
    return struct.pack("<Q", len(told)) + told + body


def test_format_of_the_weights_is_the_one_of_safetensors(tmp_path):
    (tmp_path / "one").write_bytes(safetensors({"a": np.eye(2, dtype="<f4"), "b": np.arange(3, dtype="<f4")}))
    read = serve.tensors(tmp_path / "one")
    assert read["a"].tolist() == [[1, 0], [0, 1]]
    assert read["b"].tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that trains nothing, applied: it has a bucket for weights, and no endpoint yet."""
    folder = new_project(tmp_path_factory.mktemp("pretrained"), "use_case=llm-summarization", "train=false")
    project = LoopProject(folder)
    try:
        patient = settings(project)["endpoint"] | {"latency_ms": 120_000}  # numpy is slow, and would ring its alarm
        settings(project, force_destroy=True, endpoint=patient)
        project.up()
        image.have(project)
        project.mlops("apply")
        yield project
    finally:
        project.down()


def settings(project: LoopProject, **changes: object) -> dict:
    """The settings of the infrastructure, perhaps changed."""
    file = project.path / "terraform" / "terraform.auto.tfvars.json"
    found = json.loads(file.read_text()) | changes
    file.write_text(json.dumps(found, indent=2))
    return found


def put_weights(project: LoopProject, name: str, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        key = f"weights/{name}/{file}"
        project.client("s3").put_object(Bucket=project.outputs["models_bucket"], Key=key, Body=content)


def apply(project: LoopProject, weights: str) -> str:
    settings(project, pretrained=settings(project)["pretrained"] | {"weights": weights})
    vars(project).pop("outputs", None)
    return project.mlops("apply").stdout


def test_weights_from_s3_are_served_and_replaced_and_everything_goes(project):
    assert project.outputs["endpoints"] == project.outputs["invoke_functions"] == {}
    assert "train_pipeline" not in project.outputs
    assert "no endpoint" in project.mlops("status").stdout
    tiny = weights(0)
    put_weights(project, "tiny", tiny)
    put_weights(project, "other", weights(1))
    apply(project, "tiny")
    assert "No changes" in apply(project, "tiny")
    answer = project.invoke_function({"dialogue": DIALOGUE})
    assert answer.pop("inference_id")
    assert answer == {"summary": expected(tiny, project)}
    assert image.streamed(project, question(project)) == answer["summary"]
    assert "InService    since" in (told := project.mlops("status").stdout) and "/weights/tiny/" in told
    assert "nothing trains" in project.mlops("approve", ok=False).stderr
    too_long = project.invoke_function({"dialogue": "Agent: hello\n" * 500})
    assert (too_long["status"], "maximum context length is 4096" in too_long["error"]) == (400, True)
    apply(project, "other")
    assert project.invoke_function({"dialogue": DIALOGUE})["summary"] not in ("", answer["summary"])
    assert len(project.client("sagemaker").list_models()["Models"]) == 1
    destroyed(project)


def expected(files: dict[str, bytes], project: LoopProject) -> str:
    """What the weights say by themselves to the prompt of functions/invoke/shape.py."""
    folder = project.path / ".mlops" / "expected"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    llama = serve.Llama(folder)
    told = question(project)
    return "".join(llama.generate(llama.prompt(told["messages"]), told["max_tokens"])).strip()


def question(project: LoopProject) -> dict:
    return image.asked(project, DIALOGUE, "PRETRAINED=true")


def destroyed(project: LoopProject) -> None:
    project.mlops("destroy")
    assert project.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert project.client("s3").list_buckets()["Buckets"] == []
