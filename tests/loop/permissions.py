"""Which permissions the loops have proven to be needed: one file per scenario in the folder `permissions`.

Each scenario, when it is over, decides every request that its roles made once more, with one action less at a time,
and must still find what its file says. `UPDATE_DOCS=1` writes the file anew, without what an earlier scenario proves.
`tests/policy/test_least.py` compares the files with the policies of the full project.
"""

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from cookiecutter_mlops.localaws.iam import usage
from cookiecutter_mlops.localaws.iam.usage import Permission
from cookiecutter_mlops.loop import LoopProject

FOLDER = Path(__file__).with_name("permissions")
SCENARIOS = ("first_release", "gates", "continuous_training", "continuous_monitoring", "asynchronous")
FIELDS = ("role", "statement", "action")


def anonymous(role: str, project: str) -> str:
    """Return what a role is called in every project; the roles of a stage are made by one module for each."""
    return re.sub(r"\b(staging|prod)\b", "<stage>", role.removeprefix(f"{project}-"))


def proven(scenarios: Sequence[str] = SCENARIOS) -> set[Permission]:
    """Return what these scenarios have proven."""
    files = [FOLDER / f"{scenario}.csv" for scenario in scenarios]
    return {Permission(**row) for file in files for row in csv.DictReader(file.read_text().splitlines())}


def check(project: LoopProject, scenario: str) -> None:
    """Fail where a permission is not needed any more that this scenario has proven."""
    name = project.path.name
    found = usage.needed(project.client("iam"), project.path / ".mlops" / "local")
    needed = {Permission(anonymous(p.role, name), p.statement, p.action) for p in found}
    if os.environ.get("UPDATE_DOCS"):
        _write(scenario, needed - proven(SCENARIOS[: SCENARIOS.index(scenario)]))
    gone = sorted(proven([scenario]) - needed)
    assert not gone, f"{gone} were not needed; if that is right, write {scenario}.csv anew with UPDATE_DOCS=1"


def check_after(request: pytest.FixtureRequest, project: LoopProject, scenario: str) -> None:
    """Do the same at the end of a module, unless somebody ran only some of its tests."""
    functions = [item for item in request.session.items if isinstance(item, pytest.Function)]
    ran = {function.originalname for function in functions if function.module is request.module}
    if ran >= {name for name in vars(request.module) if name.startswith("test_")}:
        check(project, scenario)


def _write(scenario: str, permissions: set[Permission]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{scenario}.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows([FIELDS, *((p.role, p.statement, p.action) for p in sorted(permissions))])
