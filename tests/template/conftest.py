"""What the tests of use cases share: a command in a project, by the project's own environment."""

import subprocess
from pathlib import Path

from cookiecutter_mlops.environments import environment


def run(project: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a project with these arguments."""
    return subprocess.run([environment(project), *arguments], cwd=project, text=True, capture_output=True)
