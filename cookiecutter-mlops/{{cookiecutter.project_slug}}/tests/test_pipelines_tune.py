"""A tuning job asks for the trials that [model.search] describes, and tells what won as TOML."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from fake_aws import FakeAws
from specs import training_spec

from pipelines import job, project, tune
from pipelines.project import PipelineError
from pipelines.snapshot import Snapshot
from training import search
from training.settings import load_settings

SETTINGS = load_settings(Path(__file__).parent.parent / "project.toml")
ORDER = job.Order("repository@sha256:0", "1a2b3c4d5e6f", Snapshot("v1", "s3://wages-data/snapshots/v1/", False))
SEARCH = {
    "rate": {"minimum": 0.01, "maximum": 0.3, "scale": "log"},
    "depth": {"minimum": 1, "maximum": 9},
    "kind": ["a", 1, True],
}


def asked(**changes):
    settings = replace(SETTINGS, model=replace(SETTINGS.model, search=SEARCH))
    return tune.request(training_spec(**changes), ORDER, settings, 9, 3)


def test_tuning_job_tries_what_project_toml_says(aws: FakeAws):
    aws.on(CreateHyperParameterTuningJob={"HyperParameterTuningJobArn": "arn:aws:sagemaker:eu-west-1:123456789012:x/y"})
    wanted = asked(
        project_slug="wages-of-all-the-workers-in-the-world", warm_pool_seconds=600, use_spot=True, instance_count=3
    )
    project.client("sagemaker").create_hyper_parameter_tuning_job(**wanted)  # botocore checks it against AWS's model
    assert wanted["TrainingJobDefinition"]["ResourceConfig"]["InstanceCount"] == 1
    assert re.fullmatch(r"wages-of-all-the--?\d{14}", wanted["HyperParameterTuningJobName"])
    found = wanted["HyperParameterTuningJobConfig"]["ParameterRanges"]
    rate = {"Name": "rate", "MinValue": "0.01", "MaxValue": "0.3", "ScalingType": "Logarithmic"}
    assert found["ContinuousParameterRanges"] == [rate]
    assert found["IntegerParameterRanges"][0] | {"ScalingType": ""} == {
        "Name": "depth", "MinValue": "1", "MaxValue": "9", "ScalingType": ""
    }  # fmt: skip
    assert found["CategoricalParameterRanges"] == [{"Name": "kind", "Values": ["a", "1", "true"]}]


def test_trials_are_isolated_and_share_no_checkpoints():
    definition = asked()["TrainingJobDefinition"]
    assert definition["EnableNetworkIsolation"] is True
    assert "CheckpointConfig" not in definition
    assert definition["AlgorithmSpecification"]["MetricDefinitions"][0]["Name"] == search.OBJECTIVE
    pattern = definition["AlgorithmSpecification"]["MetricDefinitions"][0]["Regex"]
    assert re.search(pattern, f"{search.OBJECTIVE}=-1.5e-3").group(1) == "-1.5e-3"


def test_what_won_is_told_as_toml():
    tuned = {"rate": "0.05", "depth": "3", "kind": "a", "flag": '"true"'}
    winner = {"TrainingJobName": "w-1", "TunedHyperParameters": tuned}
    winner["FinalHyperParameterTuningJobObjectiveMetric"] = {"MetricName": "validation", "Value": 9.5}
    first, *lines = tune.best({"BestTrainingJob": winner}).splitlines()
    assert first == "best: 9.5, by w-1"
    assert tomllib.loads("\n".join(lines))["model"]["hyperparameters"] == {
        "rate": 0.05, "depth": 3, "kind": "a", "flag": True
    }  # fmt: skip


def test_tuning_job_without_a_winner_ends_with_a_sentence():
    with pytest.raises(PipelineError, match="tuning job t: no trial ended well"):
        tune.best({"HyperParameterTuningJobName": "t"})
