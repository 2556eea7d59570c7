"""How to break a module so that a rule must notice: one edit of its HCL each, and where the rule has to point.

An edit is a regular expression that must match the file exactly once. New text that is a block goes to the file's end.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

END = r"\Z"
CONDITION = r"\n *condition \{[^}]*aws:SourceAccount[^}]*\}"


@dataclass(frozen=True)
class Mutation:
    """An edit of a module's file, the rule that it breaks, and a pattern of the address where it breaks."""

    rule: str
    file: str
    old: str
    new: str
    at: str

    def apply(self, terraform: Path) -> None:
        """Edit the file in a project's Terraform folder."""
        path = terraform / "modules" / self.file
        path.write_text(self.edited(path.read_text()))

    def edited(self, text: str) -> str:
        """Return the edited text; an edit that does not fit the file any more fails, with what to look for."""
        text, times = re.subn(self.old, lambda found: found.expand(self.new), text, flags=re.MULTILINE)
        assert times == 1, f"{self.rule}: {self.old!r} matches {times} times in {self.file}, it must match once"
        return text

    def __str__(self) -> str:
        return f"{self.rule}-{self.file.split('/')[0]}"


def batches(mutations: Iterable[Mutation]) -> list[list[Mutation]]:
    """Return the mutations in few groups that can be made at once: none changes a file that another one changes."""
    made: list[list[Mutation]] = []
    for mutation in mutations:
        free = next((batch for batch in made if all(mutation.file != other.file for other in batch)), None)
        if free is None:
            made.append(free := [])
        free.append(mutation)
    return made
