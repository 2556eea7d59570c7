"""Who may enter a stage: one execution at a time; in SUPERSEDED mode a newer one overtakes those that wait."""

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.execution import Execution


class Stages:
    """The doors of one pipeline's stages, and the executions that wait in line before each."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.disabled: dict[str, str] = {}
        self._inside: dict[str, Execution] = {}
        self._lines: defaultdict[str, list[Execution]] = defaultdict(list)
        self._changed = threading.Condition()

    def line_up(self, stage: str, execution: "Execution") -> None:
        """Take a place before a stage; the order of these calls is the order in which QUEUED executions enter."""
        with self._changed:
            if execution.stopping:
                return
            line = self._lines[stage]
            line.append(execution)
            if self.mode == "SUPERSEDED":
                line[:] = [max(line, key=lambda waiting: waiting.number)]
            self._admit(stage)

    def admitted(self, stage: str, execution: "Execution") -> bool:
        """Wait until the execution is in the stage; return False if it was stopped or overtaken in line."""
        with self._changed:
            self._changed.wait_for(lambda: execution not in self._lines[stage])
            return self._inside.get(stage) is execution

    def leave(self, stage: str, execution: "Execution") -> None:
        with self._changed:
            if self._inside.get(stage) is execution:
                del self._inside[stage]
            self._admit(stage)

    def drop(self, execution: "Execution") -> None:
        """Take a stopped execution out of every line."""
        with self._changed:
            for line in self._lines.values():
                line[:] = [waiting for waiting in line if waiting is not execution]
            self._changed.notify_all()

    def place(self, execution: "Execution") -> str:
        """Return the stage that an execution is in or waits before; empty if it is in none."""
        with self._changed:
            inside = (stage for stage, other in self._inside.items() if other is execution)
            before = (stage for stage, line in self._lines.items() if execution in line)
            return next(iter([*inside, *before, ""]))

    def disable(self, stage: str, reason: str) -> None:
        with self._changed:
            self.disabled[stage] = reason

    def enable(self, stage: str) -> None:
        with self._changed:
            self.disabled.pop(stage, None)
            self._admit(stage)

    def waiting(self, stage: str) -> "list[Execution]":
        """Return who waits before a stage, first in line first."""
        with self._changed:
            return list(self._lines[stage])

    def _admit(self, stage: str) -> None:
        """Let the first in line enter a stage that is free and enabled."""
        if self._lines[stage] and stage not in self._inside and stage not in self.disabled:
            self._inside[stage] = self._lines[stage].pop(0)
        self._changed.notify_all()
