"""Step Functions' operations that moto lacks and that Terraform asks for: a definition is looked at, versions listed.

State machines are kept, not run. The look at a definition is for the faults that AWS finds most: no JSON, a start or a
next state that does not exist, an unknown type.
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse as MotoResponse

from cookiecutter_mlops.localaws import extension
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated

_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")


class StepFunctionResponse(MotoResponse):
    def validate_state_machine_definition(self) -> ActionResult:
        found = list(_faults(self._get_param("definition")))
        diagnostics = [{"severity": "ERROR", "code": code, "message": message} for code, message in found]
        return ActionResult({"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": False})

    def create_state_machine(self) -> ActionResult:
        self._refuse_faults()
        return super().create_state_machine()

    def update_state_machine(self) -> ActionResult:
        self._refuse_faults()
        return super().update_state_machine()

    def list_state_machine_versions(self) -> ActionResult:
        machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
        versions = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        return ActionResult({"stateMachineVersions": versions})

    def start_execution(self) -> ActionResult:
        raise NotEmulated("executions of state machines (states:StartExecution)")

    def _refuse_faults(self) -> None:
        definition = self._get_param("definition")
        if definition and (found := list(_faults(definition))):
            said = ", ".join(f"'{code}: {message}'" for code, message in found)
            raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: {said}")


def _faults(text: str) -> Iterator[tuple[str, str]]:
    try:
        machine = json.loads(text)
    except json.JSONDecodeError as error:
        yield "INVALID_JSON_DESCRIPTION", f"The JSON is invalid: {error}"
        return
    if not isinstance(machine, dict) or not isinstance(machine.get("States"), dict) or "StartAt" not in machine:
        yield "SCHEMA_VALIDATION_FAILED", "The fields StartAt and States are required at /"
        return
    yield from _in_states(machine, machine["States"], "")


def _in_states(machine: dict[str, Any], states: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if machine["StartAt"] not in states:
        yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {machine['StartAt']} at {path}/StartAt"
    for name, state in states.items():
        at = f"{path}/States/{name}"
        if state.get("Type") not in _TYPES:
            yield "SCHEMA_VALIDATION_FAILED", f"The value for the field 'Type' is not one of {_TYPES} at {at}"
        nexts = [state.get("Next"), state.get("Default"), *(choice.get("Next") for choice in state.get("Choices", []))]
        for target in nexts:
            if target and target not in states:
                yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target} at {at}/Next"


def install() -> None:
    extension.swap_responses("stepfunctions", StepFunctionResponse)
