"""What checkov is told to leave alone: `#checkov:skip=ID:reason` inside the block that it is about.

    python -m tests.policy.suppressions

writes the table of them in docs/security.md.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.terraform.conftest import MODULES

SKIP = re.compile(r"#\s*checkov:skip=(?P<check>\w+):(?P<reason>.*)")
BLOCK = re.compile(r'^(?:resource "(\w+)"|data "(\w+)"|module) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Suppression:
    """One check that is not asked of one block, and why."""

    module: str
    block: str
    check: str
    reason: str


def suppressions(folder: Path = MODULES) -> list[Suppression]:
    """Return every suppression in the modules, sorted."""
    return sorted(
        (
            Suppression(file.parent.name, f"{found[1] or found[2]}.{found[3]}", skip["check"], skip["reason"].strip())
            for file in folder.glob("*/*.tf")
            for found in BLOCK.finditer(file.read_text())
            for skip in SKIP.finditer(found[4])
        ),
        key=lambda each: (each.module, each.block, each.check),
    )


def mentions(folder: Path = MODULES) -> int:
    """Return how often the modules' text says `checkov:skip` anywhere."""
    return sum(file.read_text().count("checkov:skip") for file in folder.rglob("*.tf"))
