"""The names of all that a project makes in AWS, written down once more beside Terraform's, and what AWS accepts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What a service accepts: the longest name and the pattern of a whole name (from botocore's models).
RULES = {
    "bucket": (63, r"[a-z0-9][a-z0-9-]+[a-z0-9]"),
    "role": (64, r"[A-Za-z0-9_+=,.@-]+"),
    "role policy": (128, r"[\w+=,.@-]+"),
    "key alias": (256, r"alias/(?!aws/)[a-zA-Z0-9/_-]+"),
    "approval rule": (100, r"[^\0]+"),
    "tiering": (64, r"[A-Za-z0-9_-]+"),
    "git repository": (100, r"[A-Za-z0-9_.-]+(?<!\.git)"),
    "notebook": (63, r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}"),
    "schedule": (64, r"[A-Za-z0-9._-]+"),
    "security group": (255, r"(?!sg-)[A-Za-z0-9 ._:/()#,@+=&;{}!$*-]+"),
    "image repository": (256, r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"),
    "model package group": (63, r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}"),
    "training job": (63, r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}"),
    "model": (63, r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}"),
    "endpoint": (63, r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}"),
    "pipeline": (100, r"[A-Za-z0-9.@_-]+"),
    "build project": (150, r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}"),
    "function": (64, r"[a-zA-Z0-9_-]+"),
    "event rule": (64, r"[A-Za-z0-9._-]+"),
    "table": (255, r"[A-Za-z0-9._-]{3,}"),
    "queue": (80, r"[A-Za-z0-9_-]+"),
    "topic": (256, r"[A-Za-z0-9_-]+"),
    "dashboard": (255, r"[A-Za-z0-9_-]+"),
    "alarm": (255, r"[^\0]+"),
    "budget": (100, r"[^:\\]+"),
    "log group": (512, r"[A-Za-z0-9._/#-]+"),
    "parameter": (1011, r"/(?!aws|ssm)[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*"),
}

BUCKETS = ("data", "models", "artifacts", "logs")


@dataclass(frozen=True)
class Names:
    """The names of one project in one account and region."""

    slug: str
    account: str
    region: str
    stages: tuple[str, ...] = ("prod",)

    def bucket(self, purpose: str) -> str:
        """Name a bucket; bucket names are global, so the account and the region are part of them."""
        return f"{self.slug}-{purpose}-{self.account}-{self.region}"

    def pipeline(self, purpose: str) -> str:
        """Name the pipeline that trains or releases."""
        return f"{self.slug}-{purpose}"

    def build_projects(self) -> list[str]:
        """Name the CodeBuild projects of both pipelines."""
        steps = [f"{step}-{stage}" for stage in self.stages for step in ("deploy", "verify")]
        return [f"{self.slug}-{step}" for step in ("check", "package", "train", *steps)]

    def endpoint(self, stage: str) -> str:
        """Name the endpoint of a stage."""
        return f"{self.slug}-{stage}"

    def function(self, stage: str, purpose: str = "invoke") -> str:
        """Name a Lambda function of a stage."""
        return f"{self.slug}-{stage}-{purpose}"

    def parameter(self, *path: str) -> str:
        """Name an SSM parameter: `training`, or a stage with `endpoint` or `live`."""
        return "/".join(["", self.slug, *path])

    def training_job(self, timestamp: str, digest: str) -> str:
        """Name a training job by when it started and what it trains on."""
        return f"{self.slug}-{timestamp}-{digest}"

    def model(self, stage: str, version: int, timestamp: str) -> str:
        """Name the model and the endpoint configuration of a released package."""
        return f"{self.slug}-{stage}-v{version}-{timestamp}"

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield (kind, name) for everything that Terraform makes, and for what the pipelines make at its longest."""
        yield "key alias", f"alias/{self.slug}"
        yield "topic", f"{self.slug}-notifications"
        yield "budget", f"{self.slug}-monthly"
        yield "role", f"{self.slug}-training"
        yield "parameter", self.parameter("training")
        yield "training job", self.training_job("20260102030405", "0123abcd")
        yield from ((kind, self.slug) for kind in ("git repository", "image repository", "model package group"))
        yield from (("bucket", self.bucket(purpose)) for purpose in BUCKETS)
        yield from self._of_pipelines()
        yield from self._of_network()
        for stage in self.stages:
            yield from self._of_monitoring(stage)
        yield from self._of_retraining()
        for stage in self.stages:
            yield from self._of_stage(stage)

    def _of_pipelines(self) -> Iterator[tuple[str, str]]:
        for purpose, trigger in (("train", "source"), ("release", "approved")):
            pipeline = self.pipeline(purpose)
            yield "pipeline", pipeline
            yield from (("role", f"{pipeline}-{role}") for role in ("pipeline", "events"))
            yield from (("event rule", f"{pipeline}-{event}") for event in (trigger, "failed"))
            yield "queue", f"{pipeline}-undelivered"
        for name in self.build_projects():
            yield from (("build project", name), ("role", f"{name}-build"), ("log group", f"/aws/codebuild/{name}"))

    def _of_network(self) -> Iterator[tuple[str, str]]:
        """Yield what the network and the notebook in it add, where they are asked for."""
        notebook = f"{self.slug}-notebook"
        yield "role", f"{self.slug}-flow-logs"
        yield "log group", f"/aws/vpc/{self.slug}/flow"
        yield from (("security group", f"{self.slug}-{members}") for members in ("endpoints", "workloads"))
        yield from (("notebook", notebook), ("role", notebook))
        yield from ((kind, f"{notebook}-evening") for kind in ("role", "queue", "schedule"))

    def _of_retraining(self) -> Iterator[tuple[str, str]]:
        name = f"{self.slug}-retrain"
        yield from ((kind, name) for kind in ("table", "function", "queue"))
        yield from (("role", f"{name}-{role}") for role in ("function", "scheduler"))
        yield from (("event rule", f"{name}-{event}") for event in ("alarm", "data", "ended"))
        yield from (
            ("schedule", f"{name}-tick"),
            ("queue", f"{name}-failed"),
            ("alarm", f"{name}-failed"),
            ("topic", f"{name}-budget"),
        )
        yield from (("log group", f"/aws/lambda/{name}"), ("parameter", self.parameter("retraining")))

    def _of_monitoring(self, stage: str) -> Iterator[tuple[str, str]]:
        monitor, launch = f"{self.slug}-{stage}-monitor", self.function(stage, "launch")
        yield from (("role", monitor), ("schedule", monitor), ("event rule", f"{monitor}-ended"))
        yield from (("alarm", f"{monitor}-{reason}") for reason in ("drift", "failed", "not-started", "quality"))
        yield from (("dashboard", self.endpoint(stage)), ("parameter", self.parameter(stage, "monitoring")))
        yield from (("function", launch), ("queue", f"{launch}-failed"), ("log group", f"/aws/lambda/{launch}"))
        yield from (("role", f"{launch}-{role}") for role in ("function", "scheduler"))

    def _of_stage(self, stage: str) -> Iterator[tuple[str, str]]:
        endpoint, function = self.endpoint(stage), self.function(stage)
        yield from (
            ("endpoint", endpoint),
            ("role", f"{endpoint}-endpoint"),
            ("parameter", self.parameter(stage, "endpoint")),
        )
        yield from (("alarm", f"{endpoint}-{reason}") for reason in ("errors", "model-errors", "latency"))
        yield "dashboard", f"{endpoint}-endpoint"
        yield "log group", f"/aws/sagemaker/Endpoints/{endpoint}"
        yield "model", self.model(stage, 99999, "20260102030405")
        yield from (("function", function), ("role", f"{function}-function"), ("queue", f"{function}-failed"))
        yield "log group", f"/aws/lambda/{function}"


def fits(kind: str, name: str) -> bool:
    """Tell whether the service accepts `name` for a `kind` of resource."""
    longest, pattern = RULES[kind]
    return len(name) <= longest and re.fullmatch(pattern, name, re.ASCII) is not None
