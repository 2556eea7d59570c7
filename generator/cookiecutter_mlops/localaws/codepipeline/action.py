"""One action of an execution: what it was given, how it goes, what it gives back."""

import json
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.codepipeline.conditions import resolve
from cookiecutter_mlops.localaws.snapshot import Resuming

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.execution import Execution


class Action(Resuming):
    """An action while and after it runs; `decided` is set when an approval has its answer or the action is stopped."""

    running = ("on_stop",)

    def __init__(self, execution: "Execution", stage: str, declared: dict[str, Any]) -> None:
        self.execution, self.stage, self.declared = execution, stage, declared
        self.name: str = declared["name"]
        self.id, self.token = str(uuid.uuid4()), ""
        self.status, self.summary, self.error_code, self.external_id = "InProgress", "", "", ""
        self.started = self.updated = clock.time()
        self.outputs: dict[str, str] = {}
        self.decided = threading.Event()
        self.approval: dict[str, str] = {}
        self.on_stop: Callable[[], object] = lambda: None

    @property
    def provider(self) -> str:
        return self.declared["actionTypeId"]["provider"]

    def configuration(self) -> dict[str, str]:
        """Return the action's configuration with variables resolved."""
        declared = self.declared.get("configuration") or {}
        return {name: resolve(value, self.execution.variables) for name, value in declared.items()}

    def environment(self) -> list[dict[str, str]]:
        """Return the environment variables that the configuration holds as JSON.

        They are resolved one by one, because a commit message with quotes in it would spoil the JSON.
        """
        declared = json.loads((self.declared.get("configuration") or {}).get("EnvironmentVariables") or "[]")
        return [item | {"value": resolve(item["value"], self.execution.variables)} for item in declared]

    def publish(self, variables: dict[str, str]) -> None:
        """Offer output variables to later actions, under the action's namespace if it has one."""
        self.outputs = variables
        if namespace := self.declared.get("namespace"):
            self.execution.variables[namespace] = variables

    def decide(self, status: str, summary: str) -> None:
        """Answer a manual approval: `Approved` or `Rejected`, and why."""
        self.approval = {"status": status, "summary": summary}
        self.decided.set()

    def stop(self, abandon: bool) -> None:
        """End the action; a build goes on to its end unless the execution is abandoned."""
        if self.status == "InProgress" and (abandon or self.token):
            self.decided.set()
            self.on_stop()

    def end(self, status: str) -> None:
        self.status, self.updated = status, clock.time()

    def fail(self, message: str, code: str, external_id: str = "") -> None:
        self.summary, self.error_code = message, code
        self.external_id = external_id or self.external_id
        self.end("Abandoned" if self.execution.abandoned else "Failed")
