"""One build: its buildspec's commands in one shell, in the environment of the project that is built."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import traceback
import uuid
from pathlib import Path
from typing import Any

from cookiecutter_mlops import environments
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.codebuild import buildspec, reports
from cookiecutter_mlops.localaws.codebuild.buildspec import Buildspec, BuildspecError

# What a build may know of this machine; everything else, above all credentials, stays out.
INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT")
CERTIFICATES_AND_PROXIES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_CONFIG_FILE",
)


class Build:
    """A build while and after it runs."""

    def __init__(
        self,
        account: str,
        region: str,
        project: dict[str, Any],
        source: Path,
        environment: list[dict[str, str]],
        initiator: str,
        number: int,
        override: str | None = None,
    ) -> None:
        self.account, self.region, self.project, self.number = account, region, project, number
        self.source, self.overrides, self.initiator, self.override = source, environment, initiator, override
        self.uuid = str(uuid.uuid4())
        self.id = f"{project['name']}:{self.uuid}"
        self.status, self.phase, self.failure = "IN_PROGRESS", "SUBMITTED", ""
        self.started, self.ended = time.time(), 0.0
        self.exported: dict[str, str] = {}
        self.reports: list[dict[str, Any]] = []
        self.artifacts: Path | None = None
        self._state = runtime.home() / "builds" / self.uuid
        self._process: subprocess.Popen[str] | None = None
        self._done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name=self.id).start()

    def wait(self) -> None:
        self._done.wait()

    def stop(self) -> None:
        """Stop the build; what it runs gets SIGTERM, then SIGKILL."""
        if not self._done.is_set():
            self.status, self.failure = "STOPPED", "The build was stopped."
            if self._process:
                runtime.stop(self._process)

    def log(self, line: str) -> None:
        runtime.write_log(self.account, self.region, self.log_group, self.uuid, [line])

    @property
    def log_group(self) -> str:
        logs = (self.project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        return logs.get("groupName") or f"/aws/codebuild/{self.project['name']}"

    def document(self) -> dict[str, Any]:
        """Return the build as BatchGetBuilds shows it."""
        arn = f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.id}"
        exported = [{"name": name, "value": value} for name, value in self.exported.items()]
        return {
            "id": self.id,
            "arn": arn,
            "buildNumber": self.number,
            "startTime": self.started,
            "currentPhase": self.phase,
            "buildStatus": self.status,
            "projectName": self.project["name"],
            "initiator": self.initiator,
            "buildComplete": self._done.is_set(),
            "exportedEnvironmentVariables": exported,
            "logs": {"groupName": self.log_group, "streamName": self.uuid},
            "serviceRole": self.project["serviceRole"],
            "source": self.project["source"],
            "environment": self.project["environment"],
        } | ({"endTime": self.ended} if self.ended else {})

    def _run(self) -> None:
        self._announce("IN_PROGRESS")
        try:
            self._build()
        except (BuildspecError, MlopsError, OSError) as error:
            self._fail("FAILED", str(error))
        except Exception as error:
            # A bug of ours must end the build: a pipeline waits for it.
            traceback.print_exc()
            self._fail("FAULT", f"The embedded AWS failed: {type(error).__name__}: {error}")
        if self.status == "IN_PROGRESS":
            self.status = "SUCCEEDED"
        self.ended, self.phase = time.time(), "COMPLETED"
        shutil.rmtree(self._state, ignore_errors=True)
        self._done.set()
        self._announce(self.status)

    def _build(self) -> None:
        self._state.mkdir(parents=True)
        spec = buildspec.read(self._buildspec())
        python = self._python()
        script = self._state / "build.sh"
        script.write_text(spec.script(self._state))
        environment = self._environment(spec, python)
        shell = shutil.which(spec.shell) or "/bin/sh"
        self._process = runtime.spawn([shell, str(script)], cwd=self.source, env=environment, log=self.log)
        self._watch(self._process)
        self._collect(spec)

    def _watch(self, process: "subprocess.Popen[str]") -> None:
        """Wait for the commands to end, at most as long as the project allows."""
        minutes = self.project["timeoutInMinutes"]
        try:
            process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            runtime.stop(process)
            self._fail("TIMED_OUT", f"Build timed out after {minutes} minutes.")
        process.reader.join()  # type: ignore[attr-defined]
        failure = self._state / "failure"
        if self.status == "IN_PROGRESS" and failure.exists():
            phase, status, command = failure.read_text().split("\n", 2)
            self._fail("FAILED", f"{phase}: `{command}` ended with exit status {status}.")
        elif self.status == "IN_PROGRESS" and process.returncode:
            self._fail("FAILED", f"The build's shell ended with exit status {process.returncode}.")

    def _collect(self, spec: Buildspec) -> None:
        """Take what the build leaves: exported variables, reports, artifacts."""
        file = self._state / "environment"
        pairs = (pair.partition("=") for pair in file.read_text().split("\0")) if file.exists() else ()
        values = {name: value for name, _, value in pairs}
        self.exported = {name: values[name] for name in spec.exported if name in values}
        self.reports = reports.read(self.source, spec.reports)
        for report in self.reports:
            self.log(reports.sentence(report))
        if self.status == "IN_PROGRESS" and spec.artifacts:
            self.artifacts = self.source / spec.artifacts.get("base-directory", ".")

    def _buildspec(self) -> str:
        """Return the buildspec's text: the project's own, or a file of the source."""
        named = self.override or self.project["source"].get("buildspec") or "buildspec.yml"
        if "\n" in named:
            return named
        file = self.source / named
        if not file.is_file():
            raise BuildspecError(f"YAML_FILE_ERROR: stat {named}: no such file or directory")
        return file.read_text()

    def _python(self) -> str:
        """Return the interpreter of the project's environment, or ours where it states no requirements."""
        if not (self.source / "requirements" / "dev.txt").is_file():
            return sys.executable
        return str(environments.environment(self.source, lambda line: self.log(str(line))))

    def _environment(self, spec: Buildspec, python: str) -> dict[str, str]:
        """Return the variables of the build, by CodeBuild's order of precedence: call, project, buildspec."""
        own = {v["name"]: self._value(v) for v in self.project["environment"].get("environmentVariables") or []}
        call = {v["name"]: self._value(v) for v in self.overrides}
        parameters = {name: self._parameter(key) for name, key in spec.parameters.items()}
        path = [str(Path(python).parent), str(self._docker()), os.environ.get("PATH", os.defpath)]
        return {
            **{name: os.environ[name] for name in (*INHERITED, *CERTIFICATES_AND_PROXIES) if name in os.environ},
            **spec.variables,
            **parameters,
            **own,
            **call,
            **runtime.aws_environment(self.region),
            "PATH": ":".join(path),
            "CI": "true",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "MLOPS_LOCAL_HOME": str(runtime.home()),
            "MLOPS_BUILD_PYTHON": python,
            "CODEBUILD_BUILD_ID": self.id,
            "CODEBUILD_BUILD_NUMBER": str(self.number),
            "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.id}",
            "CODEBUILD_BUILD_IMAGE": self.project["environment"]["image"],
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": self.initiator,
            "CODEBUILD_SRC_DIR": str(self.source),
            "CODEBUILD_LOG_PATH": self.uuid,
        }

    def _docker(self) -> Path:
        """Return a folder with the stand-in for Docker, which runs in our environment and not in the build's."""
        folder = self._state / "bin"
        folder.mkdir()
        command = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m cookiecutter_mlops.localaws.docker_shim "$@"\n'
        (folder / "docker").write_text(command)
        (folder / "docker").chmod(0o755)
        return folder

    def _value(self, variable: dict[str, str]) -> str:
        kind = variable.get("type") or "PLAINTEXT"
        if kind == "PARAMETER_STORE":
            return self._parameter(variable["value"])
        if kind != "PLAINTEXT":
            raise BuildspecError(f"The embedded AWS does not implement environment variables of type {kind}")
        return variable["value"]

    def _parameter(self, name: str) -> str:
        from moto.ssm.models import ssm_backends

        found = ssm_backends[self.account][self.region].get_parameter(name)
        if not found:
            raise BuildspecError(f"DOWNLOAD_SOURCE: the parameter {name} does not exist")
        return found.value

    def _fail(self, status: str, sentence: str) -> None:
        self.status, self.failure = status, sentence
        self.log(f"[Container] {sentence}")

    def _announce(self, status: str) -> None:
        detail = {"build-status": status, "project-name": self.project["name"], "build-id": self.document()["arn"]}
        arn = self.document()["arn"]
        runtime.put_event(self.account, self.region, "aws.codebuild", "CodeBuild Build State Change", detail, [arn])
