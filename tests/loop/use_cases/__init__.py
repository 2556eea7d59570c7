"""What the loop proves of each use case: a module for each, whose `Case`s tests/loop/test_use_cases.py runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cookiecutter_mlops.loop import LoopProject


@dataclass(frozen=True)
class Case:
    """What an application asks, a check of what it is told, and the columns that monitoring compares."""

    request: dict[str, Any]
    check: Callable[[dict[str, Any]], None]
    monitored: set[str]
    answers: tuple[str, ...] = ()  # of `mlops new`, beside the use case
    variables: dict[str, Any] = field(default_factory=dict)  # of Terraform, beside those that the answers give
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # for a batch, and what their answers hold
    then: Callable[[LoopProject], None] = lambda project: None  # what else it does
    before: Callable[[LoopProject], None] = lambda project: None  # the first push
    data: Callable[[LoopProject], Path] = lambda project: next(
        (project.path / "data").glob("sample.*")
    )  # it learns from
    edits: dict[str, tuple[str, str]] = field(default_factory=dict)  # of the project's files, before the first push
    facts: dict[str, str] = field(default_factory=dict)  # that the registry knows of the model
