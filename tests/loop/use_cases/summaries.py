"""Summaries of dialogues by a language model that continues from weights in S3."""

from typing import Any

from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.loop import LoopProject
from tests.loop.use_cases import Case

LOST = "Agent: Harbor Bank, this is Ada.\nCustomer: I lost my card on Monday.\nAgent: I have blocked it."
TINY_LLAMA = """
import sys
from pathlib import Path
import pandas as pd
from training import language
rows = pd.read_json("data/sample.jsonl", lines=True)
language.tiny([*rows["dialogue"], *rows["summary"]], context=512, seed=1, folder=Path(sys.argv[1]))
"""


def call_is_summarized(answer: dict[str, Any]) -> None:
    told, too_long = answer["predictions"]
    assert len(told["summary"].split()) >= 4
    assert "at most 448" in too_long["error"]


def weights_lie_in_s3(project: LoopProject) -> None:
    """A tiny Llama, as a person puts a large one."""
    folder = project.path / ".mlops" / "own"
    project.run(str(environment(project.path)), "-c", TINY_LLAMA, str(folder))
    for file in folder.iterdir():
        bucket = project.outputs["models_bucket"]
        project.client("s3").upload_file(str(file), bucket, f"weights/own/{file.name}")


def weights_were_learned_further(project: LoopProject) -> None:
    sagemaker = project.client("sagemaker")
    (job,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    told = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])["InputDataConfig"]
    channels = {channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in told}
    assert channels["weights"] == f"s3://{project.outputs['models_bucket']}/weights/own/"
    assert "a tiny model with random" not in project.logs()


CASE = Case(
    {"instances": [{"dialogue": LOST}, {"dialogue": LOST * 100}]},
    call_is_summarized,
    {"dialogue", "(prediction)"},
    edits={"project.toml": ('# weights = "NAME"', 'weights = "own"')},
    before=weights_lie_in_s3,
    then=weights_were_learned_further,
)
