"""Who may enter a stage: one execution at a time; in SUPERSEDED mode a newer one overtakes those that wait."""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.execution import Execution


class Stages:
    """The doors of one pipeline's stages."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.disabled: dict[str, str] = {}
        self._inside: dict[str, Execution] = {}
        self._waiting: dict[str, list[Execution]] = {}
        self._changed = threading.Condition()

    def enter(self, stage: str, execution: "Execution") -> bool:
        """Wait for the stage; return False if the execution was stopped or overtaken meanwhile."""
        with self._changed:
            queue = self._waiting.setdefault(stage, [])
            queue.append(execution)
            try:
                self._changed.wait_for(lambda: self._settled(stage, execution))
                if execution.stopping or self._overtaken(stage, execution):
                    return False
                self._inside[stage] = execution
                return True
            finally:
                queue.remove(execution)
                self._changed.notify_all()

    def leave(self, stage: str) -> None:
        with self._changed:
            self._inside.pop(stage, None)
            self._changed.notify_all()

    def notify(self) -> None:
        """Look again: an execution was stopped."""
        with self._changed:
            self._changed.notify_all()

    def disable(self, stage: str, reason: str) -> None:
        with self._changed:
            self.disabled[stage] = reason

    def enable(self, stage: str) -> None:
        with self._changed:
            self.disabled.pop(stage, None)
            self._changed.notify_all()

    def _settled(self, stage: str, execution: "Execution") -> bool:
        if execution.stopping or self._overtaken(stage, execution):
            return True
        free = stage not in self._inside and stage not in self.disabled
        first = self.mode == "SUPERSEDED" or self._waiting[stage][0] is execution
        return free and first

    def _overtaken(self, stage: str, execution: "Execution") -> bool:
        newest = max(self._waiting[stage], key=lambda waiting: waiting.number)
        return self.mode == "SUPERSEDED" and newest.number > execution.number
