"""Runs builds: each in a thread of the server, its commands in a shell of their own."""

import shutil
import threading
import traceback
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.codebuild import buildspec, environment, outputs, reports, role, sources
from cookiecutter_mlops.localaws.codebuild.build import Build
from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed
from cookiecutter_mlops.localaws.codebuild.shell import Shell
from cookiecutter_mlops.localaws.iam import acting


def begin(build: Build, overrides: list[dict[str, Any]], source: Path | None, artifacts: Path | None) -> None:
    """Start a build; without a source it fetches its own, with a folder for artifacts it collects them there."""
    named = build.project["environment"].get("environmentVariables") or []
    merged = {entry["name"]: {"type": "PLAINTEXT"} | entry for entry in [*named, *overrides]}
    build.variables = list(merged.values())
    build.announce()
    execution = Execution(build, source, artifacts)
    threading.Thread(target=execution.run, name=build.id, daemon=True).start()


class Execution:
    """A build while it runs."""

    def __init__(self, build: Build, source: Path | None, artifacts: Path | None) -> None:
        self.build, self.given, self.target = build, source, artifacts
        self.source = (source or build.folder / "source").resolve()
        self.spec: buildspec.Buildspec
        self.shell: Shell | None = None

    def run(self) -> None:
        """Run all phases; whatever happens, the build ends, because others wait for it."""
        build = self.build
        timer = threading.Timer(build.project["timeoutInMinutes"] * 60, build.interrupt, ["TIMED_OUT"])
        timer.daemon = True
        timer.start()
        try:
            with build.phase("PROVISIONING", quiet=True):
                role.provision(build)
            with acting.acting(build.session):
                self._phases()
            build.session.end()
        except BuildFailed as error:
            build.fail(error)
        except Exception as error:
            traceback.print_exc()
            build.fail(BuildFailed(f"The embedded AWS failed: {type(error).__name__}: {error}", "INTERNAL_ERROR"))
        finally:
            timer.cancel()
            if self.shell:
                self.shell.close()
            shutil.rmtree(build.folder, ignore_errors=True)
            build.end()

    def _phases(self) -> None:
        with self.build.phase("DOWNLOAD_SOURCE", quiet=True):
            self._prepare()
        finished = all(self._phase(name) for name in buildspec.PHASES)
        with self.build.phase("UPLOAD_ARTIFACTS", quiet=True):
            self._collect(artifacts=finished)
        with self.build.phase("FINALIZING", quiet=True):
            self.build.check()

    def _prepare(self) -> None:
        """Fetch the source, read the buildspec and open the shell."""
        build = self.build
        if self.given is None:
            sources.fetch(build, self.source)
        self.spec = buildspec.load(build.project["source"].get("buildspec"), self.source)
        for remark in self.spec.remarks:
            build.note(remark)
        env = environment.variables(build, self.spec, self.source)
        writable = [self.source, *environment.writable(build, self.source)]
        self.shell = Shell(self.spec.shell, build.folder / "shell", self.source, env, build.log, writable)
        build.on_interrupt = self.shell.stop
        build.check()

    def _phase(self, name: str) -> bool:
        """Run one phase and return whether the next one is to run."""
        phase = self.spec.phases[name]
        try:
            with self.build.phase(name.upper(), quiet=not phase.commands):
                self._commands(phase)
        except BuildFailed:
            self.build.check()
            self._run("export CODEBUILD_BUILD_SUCCEEDING=0")
            return phase.carries_on
        return True

    def _commands(self, phase: buildspec.Phase) -> None:
        """Run a phase's commands up to the first that fails, and its `finally` commands in any case."""
        try:
            self._all(phase.commands)
        finally:
            if not self.build.interrupted:
                self._all(phase.finally_)

    def _all(self, commands: list[str]) -> None:
        for command in commands:
            self.build.check()
            self.build.note(f"Running command {command.rstrip()}")
            status = self._run(command)
            self.build.check()
            if status:
                self.build.note(f"Command did not exit successfully {command.rstrip()} exit status {status}")
                raise BuildFailed(f"Error while executing command: {command.rstrip()}. Reason: exit status {status}")

    def _run(self, command: str) -> int:
        assert self.shell is not None
        return self.shell.run(command)

    def _collect(self, artifacts: bool) -> None:
        """Take what the build leaves; reports of a failed build too, since they say what failed."""
        build, spec = self.build, self.spec
        for name, report in spec.reports.items():
            reports.keep(build, name, report, self.source)
        if artifacts and spec.artifacts and self.target:
            outputs.collect(build, spec.artifacts, self.source, self.target)
        assert self.shell is not None
        build.exported = self.shell.values(spec.exported)
