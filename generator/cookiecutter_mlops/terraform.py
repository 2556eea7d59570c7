"""Terraform for one project, through python-terraform: the only place that knows the package's traps.

On the embedded AWS Terraform works in `.mlops/local/terraform/`, on links to the project's files and with a state of
its own, so that the real state and its backend are never touched.
"""

import hashlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import click
from python_terraform import IsFlagged, IsNotFlagged
from python_terraform import Terraform as PythonTerraform

from cookiecutter_mlops.errors import Interrupted, MlopsError

# The package logs what Terraform says once more, and switches logging on for everyone.
logging.getLogger("python_terraform").setLevel(logging.CRITICAL)
LOCAL_BACKEND = {"terraform": {"backend": {"local": {"path": "terraform.tfstate"}}}}
PROVIDER = Path("registry.terraform.io/hashicorp/aws")
# Terraform itself looks into its standard folders; these are where people also put a mirror.
MIRROR_PARENTS = ("/opt", "/usr/local/lib", "/usr/lib", "/srv", "/var/lib")


class Terraform:
    """Terraform in the root module of `project`; commands print what Terraform prints."""

    def __init__(self, project: Path, *, embedded: bool = False, root: str = ""):
        executable()
        self.source = project / "terraform" / root
        self.folder = _embedded_folder(project, root) if embedded else self.source
        self.backend = self.folder / ("backend_override.tf.json" if embedded else "backend.tf.json")
        # Some resources only wait inside the provider (S3 lifecycles, queues); that should not hold up the others.
        self._terraform = PythonTerraform(working_dir=str(self.folder), parallelism=30 if embedded else None)

    def init(self) -> None:
        """Get modules and providers, from a local mirror where there is one; nothing to do when nothing changed."""
        stamp = self.folder / ".terraform" / "mlops.sha256"
        wanted = _fingerprint(self.source, self.backend)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        click.echo("Getting Terraform's modules and providers …", err=True)
        self._init()
        stamp.write_text(wanted)

    def _init(self, **options) -> None:
        # The package's default is -reconfigure, which forgets the state that another backend holds.
        options |= {"reconfigure": None, "var": None, "parallelism": None, "plugin_dir": provider_mirror()}
        self._run("init", capture_output=True, **options)

    @property
    def keeps_state_in_s3(self) -> bool:
        return self.backend.is_file() and "s3" in json.loads(self.backend.read_text())["terraform"]["backend"]

    def move_state(self, backend: dict) -> None:
        """Keep the state in another backend from now on, and take along what there is; or change nothing and raise."""
        before = self.backend.read_text() if self.backend.is_file() else None
        self.backend.write_text(json.dumps(backend, indent=2) + "\n")
        try:
            self._init(migrate_state=IsFlagged, force_copy=IsFlagged)
        except MlopsError:
            self.backend.unlink() if before is None else self.backend.write_text(before)
            raise

    def validate(self) -> str:
        """Check the configuration without asking AWS anything, and return what Terraform says of it, warnings too."""
        self.init()
        return self._run("validate_cmd", no_color=IsFlagged, capture_output=True)[1].strip()

    def plan(self, out: Path | None = None) -> bool:
        """Show what would change; return whether anything would."""
        self.init()
        code, _ = self._run("plan", out=out, lock_timeout="5m", capture_output=False, good=(0, 2))
        return code == 2

    def apply(self, plan: Path | None = None) -> None:
        """Apply a saved plan, or everything without asking: then the plan's many lines are of no use to anybody."""
        self.init()
        if plan is None:
            click.echo("Planning …", err=True)
            with tempfile.TemporaryDirectory() as folder:
                saved = Path(folder) / "plan"
                _, text = self._run("plan", out=saved, lock_timeout="5m", capture_output=True, good=(0, 2))
                print(next((line for line in text.splitlines() if line.startswith(("Plan:", "No changes"))), ""))
                return self.apply(saved)
        # `skip_plan` is the package's name for -auto-approve; a saved plan takes no variables.
        self._run("apply", str(plan), skip_plan=True, var=None, lock_timeout="5m", capture_output=False)

    def output(self) -> dict:
        """Return the outputs as {name: value}."""
        self.init()
        _, text = self._run("output_cmd", json=IsFlagged, capture_output=True)
        return {name: output["value"] for name, output in json.loads(text).items()}

    def destroy(self) -> None:
        """Destroy everything without asking."""
        self.init()
        # The package's default is -force, which Terraform dropped in 0.15.
        self._run(
            "destroy", force=IsNotFlagged, auto_approve=IsFlagged, var=None, lock_timeout="5m", capture_output=False
        )

    def _run(self, command: str, *arguments: str, good: tuple[int, ...] = (0,), **options) -> tuple[int, str]:
        if not options["capture_output"]:
            options["no_color"] = IsNotFlagged if sys.stdout.isatty() else IsFlagged
            sys.stdout.flush()
        with tempfile.TemporaryFile("w+") as errors:
            with _interrupt_left_to_terraform(), redirect_stderr(errors):
                code, out, err = getattr(self._terraform, command)(*arguments, **options)
            errors.seek(0)
            sys.stderr.write(errors.read())
        if code not in good:
            said = f":\n{out.strip()}\n{err.strip()}" if options["capture_output"] else "; its messages are above."
            raise MlopsError(f"terraform {command.removesuffix('_cmd')} ended with exit code {code}{said}")
        return code, out or ""


def executable() -> str:
    """Return where Terraform is; raise MlopsError if it is not installed."""
    if not (found := shutil.which("terraform")):
        raise MlopsError("terraform: there is none on PATH; install Terraform 1.9 or newer, for example 1.11.4.")
    return found


def provider_mirror() -> str | None:
    """Return a folder to install providers from, unless the user's own Terraform settings say where they come from."""
    if _has_provider_settings():
        return None
    for parent in MIRROR_PARENTS:
        for folder in sorted(Path(parent).glob("*")):
            if (folder / PROVIDER).is_dir():
                return str(folder)
    return None


def _has_provider_settings() -> bool:
    file = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    return file.is_file() and "provider_installation" in file.read_text(encoding="utf-8")


def _fingerprint(folder: Path, backend: Path) -> str:
    digest = hashlib.sha256()
    for file in [*sorted(folder.rglob("*.tf")), *([backend] if backend.is_file() else [])]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _embedded_folder(project: Path, root: str) -> Path:
    """Link the project's Terraform and functions into a folder whose override keeps the state there."""
    top = project / ".mlops" / "local" / "terraform"
    _link(project / "terraform", top / "terraform", skip=("account",))
    _link(project, top, only=("functions",))
    if root:
        _link(project / "terraform" / root, top / "terraform" / root)
    folder = top / "terraform" / root
    override = folder / "backend_override.tf.json"
    if not override.exists():
        override.write_text(json.dumps(LOCAL_BACKEND))
    return folder


def _link(source: Path, folder: Path, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> None:
    """Make a folder that shows what is in `source` today, without Terraform's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        if link.is_symlink():
            link.unlink()
    for entry in source.iterdir():
        wanted = entry.name in only if only else entry.name not in skip and not entry.name.startswith(".")
        if wanted and ".tfstate" not in entry.name and entry.name != "backend.tf.json":
            (folder / entry.name).symlink_to(entry)


@contextmanager
def _interrupt_left_to_terraform() -> Iterator[None]:
    """Let Ctrl-C reach Terraform only, which then stops cleanly and releases its lock while we wait for it.

    Raises Interrupted afterwards: an error of each resource that was under way would say no more.
    """
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise Interrupted
