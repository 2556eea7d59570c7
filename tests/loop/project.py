"""A generated project on an embedded AWS, driven the way a person drives it: `mlops`, `git` and boto3."""

import json
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import boto3

from cookiecutter_mlops import watch


class LoopProject:
    """Folder of a generated project, with the environment variables of its embedded AWS once that is up."""

    def __init__(self, path: Path):
        self.path = path
        self.environment = dict(os.environ)

    def run(self, *command: str, ok: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(command, cwd=self.path, env=self.environment, text=True, capture_output=True)
        assert not ok or done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def mlops(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "-m", "cookiecutter_mlops", *arguments, ok=ok)

    def up(self) -> None:
        self.mlops("local", "up")
        exports = self.mlops("local", "env").stdout.splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in exports if line.startswith("export "))
        self.environment.update({name: value.strip("'\"") for name, value in pairs})

    def down(self) -> None:
        self.mlops("local", "down", ok=False)

    def logs(self) -> str:
        return self.mlops("local", "logs").stdout[-8000:]

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @cached_property
    def outputs(self) -> dict:
        return json.loads(self.mlops("output", "--json").stdout)

    def train(self, push: bool = True) -> str:
        """Start the train pipeline, by a push or by hand, and return the execution's final status."""
        codepipeline, name = self.client("codepipeline"), self.outputs["train_pipeline"]
        known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
        if push:
            self.run("git", "push", "--quiet", self.outputs["source_clone_url"], "HEAD:main")
        else:
            codepipeline.start_pipeline_execution(name=name)
        return watch.follow(codepipeline, name, watch.next_execution(codepipeline, name, known))

    def release(self, package: str = "newest") -> str:
        """Start the release pipeline by hand and return the execution's final status."""
        codepipeline, name = self.client("codepipeline"), self.outputs["release_pipeline"]
        started = codepipeline.start_pipeline_execution(
            name=name, variables=[{"name": "MODEL_PACKAGE", "value": package}]
        )
        return watch.follow(codepipeline, name, started["pipelineExecutionId"])

    def approve_and_release(self) -> str:
        """Approve the newest waiting package and return the final status of the release that this starts."""
        codepipeline, name = self.client("codepipeline"), self.outputs["release_pipeline"]
        known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
        self.mlops("approve")
        return watch.follow(codepipeline, name, watch.next_execution(codepipeline, name, known))

    def stopped_at(self, pipeline: str) -> str:
        """Return the stage at which the pipeline's newest execution failed."""
        codepipeline = self.client("codepipeline")
        newest = watch.executions(codepipeline, pipeline)[0]["pipelineExecutionId"]
        return next(a.stage for a in watch.actions(codepipeline, pipeline, newest) if a.status == "Failed")

    def packages(self) -> list[dict]:
        """Return the descriptions of the registered model packages, newest first."""
        sagemaker = self.client("sagemaker")
        found = sagemaker.list_model_packages(
            ModelPackageGroupName=self.outputs["model_package_group"], SortBy="CreationTime", SortOrder="Descending"
        )["ModelPackageSummaryList"]
        return [sagemaker.describe_model_package(ModelPackageName=p["ModelPackageArn"]) for p in found]

    def invoke(self, body: dict) -> dict:
        """Ask the production endpoint through `sagemaker-runtime`."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.outputs["endpoints"]["prod"], ContentType="application/json", Body=json.dumps(body)
        )
        return json.loads(answer["Body"].read())
