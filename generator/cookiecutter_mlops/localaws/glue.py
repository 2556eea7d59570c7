"""Glue's operations that moto lacks: jobs and crawlers are changed."""

import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.glue.responses import GlueResponse as MotoGlueResponse

from cookiecutter_mlops.localaws import extension


class GlueResponse(MotoGlueResponse):
    def create_job(self) -> ActionResult:
        answer = super().create_job()
        request = json.loads(self.body)
        # AWS shows no execution class that nobody gave; moto says STANDARD, which reads as a change to Terraform.
        self.glue_backend.jobs[request["Name"]].execution_class = request.get("ExecutionClass")  # type: ignore[assignment]
        return answer

    def update_job(self) -> ActionResult:
        """Change a job; what the update does not name goes back to its default, as AWS documents it."""
        request = json.loads(self.body)
        job = self.glue_backend.get_job(request["JobName"])
        kept = {"name", "arn", "backend", "job_runs", "created_on", "last_modified_on"}
        fresh = {name: None for name in vars(job) if name not in kept}
        _set(job, fresh | {"execution_property": {}, "default_arguments": {}}, request["JobUpdate"])
        job.last_modified_on = utcnow()
        return ActionResult({"JobName": job.name})

    def update_crawler(self) -> ActionResult:
        request = json.loads(self.body)
        crawler = self.glue_backend.get_crawler(request.pop("Name"))
        _set(crawler, {}, request)
        crawler.last_updated, crawler.version = utcnow(), crawler.version + 1
        return EmptyResult()


def _set(resource: Any, fresh: dict[str, Any], request: dict[str, Any]) -> None:
    given = {camelcase_to_underscores(name): value for name, value in request.items()}
    vars(resource).update(fresh | given)


def install() -> None:
    extension.swap_responses("glue", GlueResponse)
