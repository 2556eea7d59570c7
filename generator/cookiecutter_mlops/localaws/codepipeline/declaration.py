"""What CodePipeline checks before it takes a pipeline's declaration, or values for its variables."""

from typing import Any

from cookiecutter_mlops.localaws.codepipeline import conditions, providers
from cookiecutter_mlops.localaws.codepipeline.exceptions import ValidationException
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated

Document = dict[str, Any]


def check(declaration: Document) -> None:
    """Refuse what AWS refuses, and say which parts of a declaration the embedded AWS cannot execute."""
    stages = declaration["stages"]
    if len(stages) < 2:
        raise AwsError("InvalidStructureException", "Pipeline has only 1 stage(s). There should be a minimum of 2")
    for position, stage in enumerate(stages):
        if any((action["actionTypeId"]["category"] == "Source") != (position == 0) for action in stage["actions"]):
            message = f"Pipeline stage '{stage['name']}': the first stage has source actions only, the others have none"
            raise AwsError("InvalidStructureException", message)
        conditions.check(stage)
    _check_names(stages)
    _check_artifacts(stages)
    if declaration.get("executionMode") == "PARALLEL":
        raise NotEmulated("CreatePipeline with executionMode PARALLEL")
    if "artifactStore" not in declaration:
        raise NotEmulated("CreatePipeline with artifactStores of several regions")


def values(declared: list[Document], given: dict[str, str]) -> dict[str, str]:
    """Return a value for each declared variable; AWS refuses unknown names and empty values."""
    found = {variable["name"]: variable.get("defaultValue") for variable in declared} | given
    for name, value in found.items():
        if name not in {variable["name"] for variable in declared}:
            raise ValidationException(f"The pipeline does not declare a variable with the name '{name}'")
        if not value:
            raise ValidationException(f"The variable '{name}' must have a value of at least 1 character")
    return {name: str(value) for name, value in found.items()}


def _check_names(stages: list[Document]) -> None:
    for kind, names in [
        ("Stage", [stage["name"] for stage in stages]),
        *[("Action", [action["name"] for action in stage["actions"]]) for stage in stages],
    ]:
        if repeated := {name for name in names if names.count(name) > 1}:
            message = f"{kind} names must be unique, but these occur twice: {', '.join(sorted(repeated))}"
            raise AwsError("InvalidStructureException", message)


def _check_artifacts(stages: list[Document]) -> None:
    """Each input must be the output of an earlier action; which actions run can be told before they do."""
    made: set[str] = set()
    for action in (action for stage in stages for action in sorted(stage["actions"], key=conditions.run_order)):
        inputs = [artifact["name"] for artifact in action.get("inputArtifacts") or []]
        outputs = [artifact["name"] for artifact in action.get("outputArtifacts") or []]
        if unknown := set(inputs) - made:
            message = f"Input Artifact Bundle {sorted(unknown)[0]} in action {action['name']} is not declared"
            raise AwsError("InvalidActionDeclarationException", message)
        providers.check(action, inputs, outputs)
        made |= set(outputs)
