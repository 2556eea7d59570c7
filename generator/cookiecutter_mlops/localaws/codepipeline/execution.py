"""One execution of a pipeline: it walks through the stages in a thread of its own."""

import itertools
import threading
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.codepipeline import conditions, providers
from cookiecutter_mlops.localaws.codepipeline.action import Action
from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.snapshot import Resuming

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.models import Pipeline

_NUMBERS = itertools.count(time.time_ns())  # higher than those of a snapshot


_LOST = "The embedded AWS was stopped while this ran."


class Execution(Resuming):
    """A run of the pipeline as it was declared when the run started."""

    def __init__(
        self, account: str, region: str, pipeline: "Pipeline", variables: dict[str, str], trigger: str
    ) -> None:
        self.account, self.region, self.pipeline = account, region, pipeline
        self.id, self.number = str(uuid.uuid4()), next(_NUMBERS)
        self.declaration = pipeline.declaration
        self.name: str = self.declaration["name"]
        self.trigger_type, _, self.trigger_detail = trigger.partition(": ")
        self.status, self.summary = "InProgress", ""
        self.started = self.updated = clock.time()
        self.stopping = self.abandoned = False
        self.variables = {"variables": variables, "codepipeline": {"PipelineExecutionId": self.id}}
        self.commits: dict[str, str] = {}  # asked for by StartPipelineExecution, by the source action's name
        self.artifacts: dict[str, str] = {}
        self.revisions: list[dict[str, Any]] = []
        self.statuses: dict[str, str] = {}
        self.actions: dict[tuple[str, str], Action] = {}
        self.history: list[Action] = []  # with those that a retry replaced

    def start(self, stage: str | None = None) -> None:
        """Walk through the stages from `stage` on, in the background."""
        self.pipeline.stages.line_up(stage or self.declaration["stages"][0]["name"], self)
        self._walk(stage)

    def resume(self) -> None:
        """Go on if it waited, for a person or for another execution; what was at work when it went down has failed."""
        if self.status not in ("InProgress", "Stopping"):
            return
        place = self.pipeline.stages.place(self)
        at_work = [action for action in self.actions.values() if action.status == "InProgress"]
        if not place or self.stopping or not all(action.token for action in at_work):
            self._lose(place, at_work)
            return
        for action in at_work:  # an approval, which asks again
            del self.actions[place, action.name]
            self.history.remove(action)
        self._walk(place)

    def _lose(self, place: str, at_work: list[Action]) -> None:
        self.summary = self.summary or _LOST
        for action in at_work:
            action.fail(_LOST, "InternalError")
            self._announce("Action", "FAILED", stage=place, action=action.name, type=action.declared["actionTypeId"])
        if place:
            self.statuses[place] = "Failed"
            self._announce("Stage", "FAILED", stage=place)
            self.pipeline.stages.drop(self)
            self.pipeline.stages.leave(place, self)
        self._become("Stopped" if self.stopping else "Failed")
        self._announce("Pipeline", self.status.upper())

    def _walk(self, stage: str | None) -> None:
        stages = self.declaration["stages"]
        names = [declared["name"] for declared in stages]
        remaining = stages[names.index(stage) if stage else 0 :]
        arguments = (remaining, "RESUMED" if stage else "STARTED")
        threading.Thread(target=self._run, args=arguments, daemon=True, name=f"{self.name}-{self.id[:8]}").start()

    def stop(self, reason: str, abandon: bool) -> None:
        """End the execution: after the actions that run now, or at once with `abandon`."""
        if self.status not in ("InProgress", "Stopping"):
            return
        self.stopping, self.summary = True, reason
        self.abandoned = self.abandoned or abandon
        self._become("Stopping")
        self.pipeline.stages.drop(self)
        for action in list(self.actions.values()):
            action.stop(abandon)

    def retry(self, stage: str, mode: str) -> None:
        """Run a failed stage again: its failed actions only, or with mode ALL_ACTIONS every one of them."""
        if self.status != "Failed" or self.statuses.get(stage) != "Failed":
            raise AwsError("StageNotRetryableException", f"Stage {stage} of this execution did not fail.")
        if any(stage in other.statuses for other in self.pipeline.executions.values() if other.number > self.number):
            raise AwsError("NotLatestPipelineExecutionException", f"A newer execution has been in the stage {stage}.")
        for key, action in list(self.actions.items()):
            if key[0] == stage and (mode == "ALL_ACTIONS" or action.status != "Succeeded"):
                del self.actions[key]
        self.status, self.summary = "InProgress", ""
        self.start(stage)

    def action(self, stage: str, name: str) -> Action | None:
        return self.actions.get((stage, name))

    def _run(self, stages: list[dict[str, Any]], beginning: str) -> None:
        self._announce("Pipeline", beginning)
        status = "Succeeded"
        for stage, following in itertools.zip_longest(stages, stages[1:]):
            status = self._pass(stage, following)
            if status != "Succeeded":
                break
        self._become(status)
        self._announce("Pipeline", status.upper())

    def _pass(self, stage: dict[str, Any], following: dict[str, Any] | None) -> str:
        """Go through one stage, and stand before the following one before others may enter this one."""
        name, doors = stage["name"], self.pipeline.stages
        if not doors.admitted(name, self):
            return "Stopped" if self.stopping else "Superseded"
        try:
            self.statuses[name] = "InProgress"
            self._announce("Stage", "STARTED", stage=name)
            self.statuses[name] = status = self._stage(stage)
            self._announce("Stage", status.upper(), stage=name)
            going_on = status in ("Succeeded", "Skipped")
            if going_on and following:
                doors.line_up(following["name"], self)
            return "Succeeded" if going_on else status
        finally:
            doors.leave(name, self)

    def _stage(self, stage: dict[str, Any]) -> str:
        """Run the stage's actions, those of one `runOrder` side by side."""
        try:
            if not conditions.may_enter(stage, self.variables):
                return "Skipped"
        except ActionFailed as failure:
            self.summary = str(failure)
            return "Failed"
        actions = sorted(stage["actions"], key=conditions.run_order)
        for _, group in itertools.groupby(actions, key=conditions.run_order):
            wanted = [action for action in group if (stage["name"], action["name"]) not in self.actions]
            with ThreadPoolExecutor(len(wanted) or 1) as pool:
                done = list(pool.map(lambda declared: self._act(stage["name"], declared), wanted))
            if self.stopping:
                return "Stopped"
            if not all(done):
                return "Failed"
        return "Succeeded"

    def _act(self, stage: str, declared: dict[str, Any]) -> bool:
        action = Action(self, stage, declared)
        self.actions[stage, action.name] = action
        self.history.append(action)
        where = {"stage": stage, "action": action.name, "type": declared["actionTypeId"]}
        self._announce("Action", "STARTED", **where)
        try:
            with acting.acting(self._session()):
                providers.run(action)
            action.end("Succeeded")
        except ActionFailed as failure:
            action.fail(str(failure), failure.code, failure.external_id)
        except AwsError as error:
            action.fail(str(error), "ConfigurationError")
        except Exception as error:
            # A bug of ours must end the action: nobody would wait for a thread that is gone.
            traceback.print_exc()
            action.fail(f"The embedded AWS failed: {type(error).__name__}: {error}", "InternalError")
        self._announce("Action", action.status.upper(), **where)
        return action.status == "Succeeded"

    def _session(self) -> acting.Session:
        """Open a session of the pipeline's role, with which CodePipeline carries out an action."""
        role, name = self.declaration["roleArn"], self.id.replace("-", "")
        return acting.assume(role, "codepipeline.amazonaws.com", name, self.pipeline.arn, self.region)

    def _become(self, status: str) -> None:
        self.status, self.updated = status, clock.time()

    def _announce(self, kind: str, state: str, **where: Any) -> None:
        detail = {
            "pipeline": self.name,
            "execution-id": self.id,
            "version": self.declaration["version"],
            "state": state,
        }
        self.updated = clock.time()
        change = f"CodePipeline {kind} Execution State Change"
        runtime.put_event(self.account, self.region, "aws.codepipeline", change, detail | where, [self.pipeline.arn])
