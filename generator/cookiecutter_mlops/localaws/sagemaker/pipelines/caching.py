"""Steps that are not run again: a step with a CacheConfig whose arguments an earlier execution already had.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html
"""

import re
from typing import TYPE_CHECKING

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.pipelines.definition import Step

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.sagemaker.pipelines.execution import Run

_DURATION = re.compile(r"P?(?:(\d+)D)?(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_SECONDS = (86400, 3600, 60, 1)


def find(run: "Run", step: Step, record: Document) -> Document | None:
    """Return the properties of the newest earlier success with the same arguments, and note the hit in the record."""
    config = step.settings.get("CacheConfig") or {}
    if not config.get("Enabled"):
        return None
    arguments = run.scope.resolved(step.arguments)
    run.document["Arguments"][step.name] = arguments
    oldest = clock.time() - seconds(config["ExpireAfter"]) if "ExpireAfter" in config else 0
    for execution in sorted(run.earlier, key=lambda item: -item["CreationTime"]):
        found = next((item for item in execution["Steps"] if item["StepName"] == step.name), None)
        same = execution["Arguments"].get(step.name) == arguments and step.name in execution["Properties"]
        if found and same and "CacheHitResult" not in found and found["EndTime"] >= oldest:
            hit = {"SourcePipelineExecutionArn": execution["PipelineExecutionArn"]}
            record.update(CacheHitResult=hit, Metadata=found["Metadata"])
            return execution["Properties"][step.name]
    return None


def seconds(duration: str) -> int:
    """Return the seconds of an ISO 8601 duration such as `P30D` or `T12H`, or of `30d`."""
    parts = _DURATION.fullmatch(duration)
    if not parts or not any(parts.groups()):
        raise ValidationException(f"ExpireAfter must be an ISO 8601 duration, such as P30D (got: {duration}).")
    return sum(int(part or 0) * unit for part, unit in zip(parts.groups(), _SECONDS, strict=True))
