"""Looks up every pinned dependency in the Open Source Vulnerabilities database; part of the Check stage.

    python -m pipelines.audit

pip-audit pins libraries of its own, so it lives in an environment apart. On AWS, advisories that cannot be reached fail
the stage; on the embedded AWS, which also runs on a train, the log says "not audited: offline" and the run goes on.
"""

import argparse
import json
import os
import subprocess
import urllib.request
import venv
from pathlib import Path

from pipelines import project
from pipelines.project import PipelineError

TOOL = "pip-audit==2.10.1"
PINNED = ("requirements/lock.txt", "requirements/model.txt")
ADVISORIES = "https://api.osv.dev/v1/query"
KNOWN = {"package": {"name": "pip", "ecosystem": "PyPI"}}  # it has advisories, so an answer without any is no answer


def reachable() -> bool:
    """Whether the advisories answer; something else, such as a proxy, may stand in their place and know none."""
    try:
        with urllib.request.urlopen(ADVISORIES, data=json.dumps(KNOWN).encode(), timeout=5) as answer:  # nosec B310
            return bool(json.load(answer).get("vulns"))
    except (OSError, ValueError):
        return False


def tool() -> Path:
    """pip-audit in its own environment, made once on a machine."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mlops" / TOOL.replace("==", "-")
    if not (folder / "bin" / "pip-audit").exists():
        venv.create(folder, with_pip=True, clear=True)
        if subprocess.run([folder / "bin" / "pip", "install", "--quiet", TOOL]).returncode:
            raise PipelineError(f"{TOOL}: cannot be installed, see above; let the build reach the package index.")
    return folder / "bin" / "pip-audit"


def audit() -> None:
    """Fail when a dependency has a known vulnerability."""
    requirements = [word for file in PINNED for word in ("--requirement", file)]
    options = ["--strict", "--disable-pip", "--no-deps", "--progress-spinner=off", "--vulnerability-service=osv"]
    done = subprocess.run([tool(), *options, *requirements])
    if done.returncode:
        raise PipelineError("pip-audit found vulnerable dependencies, see above; raise their versions (`make lock`).")


def main() -> None:
    argparse.ArgumentParser(description="Audit the pinned dependencies.").parse_args()
    if reachable():
        audit()
    elif project.embedded():
        print("not audited: offline")
    else:
        raise PipelineError("the advisories at osv.dev do not answer; let the build reach them, then run again.")


if __name__ == "__main__":
    project.command(main)
