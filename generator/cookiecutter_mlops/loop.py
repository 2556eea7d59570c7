"""A generated project on an embedded AWS, driven the way a person drives it: `mlops`, `git` and boto3.

`mlops demo` shows the loop with it and `tests/loop` proves the loop with it.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from cookiecutter_mlops import watch
from cookiecutter_mlops.errors import MlopsError


class LoopProject:
    """Folder of a generated project, with the environment variables of its embedded AWS once that is up."""

    def __init__(self, path: Path, on_change: Callable[[watch.Action], None] = lambda action: None):
        self.path = path
        self.on_change = on_change
        self.environment = dict(os.environ)

    def run(self, *command: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; raise MlopsError with its last words if it fails and `ok` is set."""
        done = subprocess.run(command, cwd=self.path, env=self.environment, text=True, capture_output=True)
        if ok and done.returncode:
            words = (done.stdout[-3000:] + done.stderr[-3000:]).strip()
            raise MlopsError(f"`{' '.join(command)}` ended with exit code {done.returncode}:\n{words}")
        return done

    def mlops(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "cookiecutter_mlops", *arguments, ok=ok)

    def up(self, *options: str) -> None:
        """Start the embedded AWS of this project and take its variables, as `eval "$(mlops local env)"` does."""
        self.mlops("local", "up", *options)
        exports = self.mlops("local", "env").stdout.splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in exports if line.startswith("export "))
        self.environment.update({name: value.strip("'\"") for name, value in pairs})

    def down(self) -> None:
        if self.path.is_dir():
            self.mlops("local", "down", ok=False)

    def logs(self) -> str:
        return self.mlops("local", "logs").stdout

    def client(self, service: str):
        """Return a boto3 client that speaks to this project's embedded AWS, whatever this process is set up for."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @cached_property
    def outputs(self) -> dict:
        """Terraform's outputs."""
        return json.loads(self.mlops("output", "--json").stdout)

    def push(self) -> None:
        """Push the newest commit to wherever the project's pipelines take their source from."""
        address = self.outputs["source_clone_url"]
        if not address.startswith("s3://"):
            self.run("git", "push", "--quiet", address, "HEAD:main")
            return
        self.run("git", "archive", "--format=zip", "--output=.mlops/source.zip", "HEAD")
        bucket, key = address.removeprefix("s3://").split("/", 1)
        self.client("s3").upload_file(str(self.path / ".mlops" / "source.zip"), bucket, key)

    def train(self, push: bool = True) -> str:
        """Start the train pipeline, by a push or by hand, and return the execution's final status."""

        def start() -> None:
            if push:
                self.push()
            else:
                self.client("codepipeline").start_pipeline_execution(name=self.outputs["train_pipeline"])

        return self._follow(self.outputs["train_pipeline"], start)

    def approve(self) -> str:
        """Approve the newest waiting package and return the final status of the release that this starts."""
        return self._follow(self.outputs["release_pipeline"], lambda: self.mlops("approve"))

    def release(self, package: str = "newest") -> str:
        """Start the release pipeline by hand and return the execution's final status."""
        name, variables = self.outputs["release_pipeline"], [{"name": "MODEL_PACKAGE", "value": package}]
        start = self.client("codepipeline").start_pipeline_execution
        return self._follow(name, lambda: start(name=name, variables=variables))

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

    def recorded_request(self) -> dict:
        """Return a request of which the newest model recorded its answer when it was trained."""
        return self.samples()[0]["request"]

    def samples(self) -> list[dict]:
        """Return the requests and answers that the newest model recorded when it was trained."""
        uri = self.packages()[0]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            names = {name.removeprefix("./"): name for name in archive.getnames()}
            return json.load(archive.extractfile(names["samples.json"]))  # type: ignore[arg-type]

    def invoke_endpoint(self, body: dict, stage: str = "prod") -> dict:
        """Ask a stage's endpoint through `sagemaker-runtime`."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.outputs["endpoints"][stage], ContentType="application/json", Body=json.dumps(body)
        )
        return json.loads(answer["Body"].read())

    def invoke_function(self, body: dict, stage: str = "prod") -> dict:
        """Ask a stage's endpoint through the Lambda that applications call."""
        answer = self.client("lambda").invoke(
            FunctionName=self.outputs["invoke_functions"][stage], Payload=json.dumps(body)
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise MlopsError(f"The Lambda {self.outputs['invoke_functions'][stage]} failed: {payload}")
        return payload

    def wait_for_object(self, uri: str, seconds: float = 180) -> dict:
        """Return the JSON of an object as soon as it is there; raise MlopsError if it does not come."""
        (bucket, key), s3 = uri.removeprefix("s3://").split("/", 1), self.client("s3")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            except s3.exceptions.NoSuchKey:
                time.sleep(0.5)
        raise MlopsError(f"{uri} did not appear within {seconds:.0f} s:\n{self.logs()}")

    def _follow(self, pipeline: str, start: Callable[[], object]) -> str:
        codepipeline = self.client("codepipeline")
        known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, pipeline)}
        start()
        execution = watch.next_execution(codepipeline, pipeline, known)
        return watch.follow(codepipeline, pipeline, execution, self.on_change)
