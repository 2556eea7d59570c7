"""The environment variables of a build, and the programs that it finds first: its project's Python, then `docker`."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops import environments
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build
    from cookiecutter_mlops.localaws.codebuild.buildspec import Buildspec

# Nothing else of a person's environment reaches a build: it may hold credentials of a real AWS account.
KEPT = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "MLOPS_ENVIRONMENTS",
)
NETWORK = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
LOOPBACK = "127.0.0.1,localhost"


def variables(build: "Build", spec: "Buildspec", source: Path) -> dict[str, str]:
    """Return all environment variables; those of the project and of the start win over the buildspec's, as on AWS."""
    referred = {"PARAMETER_STORE": spec.parameters, "SECRETS_MANAGER": spec.secrets}
    declared = [
        {"name": name, "value": value, "type": kind}
        for kind, names in referred.items()
        for name, value in names.items()
    ]
    own = {entry["name"]: _value(build, entry) for entry in declared + build.variables}
    return _machine(build, source) | _codebuild(build, source) | spec.variables | own


def writable(build: "Build", source: Path) -> list[Path]:
    """Return where a build's commands write besides its source: in this embedded AWS, in caches and environments."""
    environments.root().mkdir(parents=True, exist_ok=True)
    return [runtime.home(), environments.root(), environments.cache(), python(build, source).parents[1]]


def python(build: "Build", source: Path) -> Path:
    """Return the interpreter of a generated project's environment; anything else runs with the server's own."""
    if not (source / "requirements" / "dev.txt").is_file():
        return Path(sys.executable)
    try:
        return environments.environment(source, build.log)
    except MlopsError as error:
        raise BuildFailed(error.message, "CLIENT_ERROR") from None


def _machine(build: "Build", source: Path) -> dict[str, str]:
    interpreter = python(build, source)
    kept = {name: os.environ[name] for name in KEPT + NETWORK if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    path = [str(interpreter.parent), str(_docker()), kept.get("PATH", os.defpath)]
    no_proxy = ",".join(filter(None, (LOOPBACK, os.environ.get("NO_PROXY") or os.environ.get("no_proxy"))))
    return kept | {
        "PATH": os.pathsep.join(path),
        "GIT_CONFIG_GLOBAL": str(_git_config(build)),
        "VIRTUAL_ENV": str(interpreter.parent.parent),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "MLOPS_LOCAL_HOME": str(runtime.home()),
        "MLOPS_BUILD_PYTHON": str(interpreter),
        **runtime.aws_environment(build.region, build.session.environment()),
    }


def _git_config(build: "Build") -> Path:
    """Return what `git config --global` of a build changes: a file of its own, which begins with the person's."""
    file = build.folder / "gitconfig"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[include]\n\tpath = ~/.gitconfig\n")
    return file


def _docker() -> Path:
    """Return a folder that holds a `docker` which makes bundles; written once, and whole at any time."""
    folder = runtime.home() / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    # -P: the folder that a build runs in must not shadow our modules.
    program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m cookiecutter_mlops.localaws.docker_shim "$@"\n'
    docker = folder / "docker"
    if not docker.exists() or docker.read_text() != program:
        partial = folder / f".docker-{os.getpid()}"
        partial.write_text(program)
        partial.chmod(0o755)
        partial.replace(docker)
    return folder


def _codebuild(build: "Build", source: Path) -> dict[str, str]:
    project = build.project
    return {
        "CI": "true",
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": project["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": project["encryptionKey"],
        "CODEBUILD_LOG_PATH": build.log_stream,
        "CODEBUILD_PROJECT_ARN": project["arn"],
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.source_version,
        "CODEBUILD_SOURCE_REPO_URL": project["source"].get("location", ""),
        "CODEBUILD_SOURCE_VERSION": build.source_version,
        "CODEBUILD_SRC_DIR": str(source),
        "CODEBUILD_START_TIME": str(int(build.started * 1000)),
    }


def _value(build: "Build", entry: dict[str, Any]) -> str:
    """Return a variable's value, from where its type says it is kept."""
    kind = entry.get("type", "PLAINTEXT")
    if kind == "PLAINTEXT":
        return str(entry["value"])
    import boto3
    from botocore.exceptions import ClientError

    access, secret, token = build.session.environment().values()
    session = boto3.session.Session(access, secret, token, region_name=build.region)
    try:
        if kind == "PARAMETER_STORE":
            ssm = session.client("ssm", endpoint_url=runtime.endpoint())
            return ssm.get_parameter(Name=entry["value"], WithDecryption=True)["Parameter"]["Value"]
        return _secret(session.client("secretsmanager", endpoint_url=runtime.endpoint()), entry["value"])
    except ClientError as error:
        message = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise BuildFailed(f"{entry['name']}: {entry['value']!r} cannot be read: {message}", kind) from None


def _secret(client: Any, reference: str) -> str:
    """Return a secret by `name:key:stage:version`, of which all but the name (or ARN) may be left out or empty.

    A key picks a value of a JSON secret.
    """
    import json

    parts = reference.split(":")
    length = 7 if reference.startswith("arn:") else 1
    name, (key, stage, version, *_) = ":".join(parts[:length]), [*parts[length:], "", "", ""]
    which = {"VersionStage": stage, "VersionId": version}
    text = client.get_secret_value(SecretId=name, **{k: v for k, v in which.items() if v})["SecretString"]
    return str(json.loads(text)[key]) if key else text
