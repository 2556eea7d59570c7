"""The repositories of the embedded CodeCommit: bare git repositories, served by git's own `http-backend`.

A push needs no password here. The clone address names the region; the account is always ours.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.codecommit.models import codecommit_backends
from werkzeug.wrappers import Request, Response

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.extension import AwsError

EMPTY = "0" * 40
KINDS = {"heads": "branch", "tags": "tag"}
# What a person's own settings say of logs or signatures must not change what these programs print.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_PUSHING = threading.Lock()  # what one push changed is seen by comparing references before and after it


class Repository:
    """One bare repository of this account and region."""

    def __init__(self, region: str, name: str) -> None:
        self.region, self.name = region, name
        self.path = runtime.home() / "repositories" / region / f"{name}.git"

    @classmethod
    def of(cls, account: str, region: str, name: str) -> "Repository":
        """Return an existing repository; raise AwsError as AWS does where there is none."""
        if name not in codecommit_backends[account][region].repositories:
            raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
        return cls(region, name)

    @property
    def clone_url(self) -> str:
        return f"{runtime.endpoint()}/v1/repos/{self.region}/{self.name}"

    def create(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", "--initial-branch=main")
        self._git("config", "http.receivepack", "true")

    def delete(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def references(self) -> dict[str, str]:
        """Return the object of each branch and tag, by full name such as `refs/heads/main`."""
        lines = self._git("for-each-ref", "--format=%(refname) %(objectname)", *(f"refs/{kind}" for kind in KINDS))
        return dict(line.rsplit(" ", 1) for line in lines.splitlines())

    def branches(self) -> dict[str, str]:
        """Return the newest commit of each branch."""
        start = "refs/heads/"
        return {name.removeprefix(start): c for name, c in self.references().items() if name.startswith(start)}

    def default_branch(self) -> str | None:
        """Return the branch that a clone checks out, if it exists."""
        name = self._git("symbolic-ref", "--short", "HEAD").strip()
        return name if name in self.branches() else None

    def set_default_branch(self, name: str) -> None:
        self._git("symbolic-ref", "HEAD", f"refs/heads/{name}")

    def head(self, branch: str) -> dict[str, Any] | None:
        """Return the facts of a branch's newest commit, or None."""
        return self.commit(f"refs/heads/{branch}")

    def commit(self, revision: str) -> dict[str, Any] | None:
        """Return a commit's facts as GetCommit shows them, or None."""
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        try:
            text = self._git("log", "-1", f"--format={form}", "--end-of-options", revision, "--")
        except subprocess.CalledProcessError:
            return None
        commit, tree, parents, *people, message = text.split("\0")
        author, committer = people[:3], people[3:]
        return {
            "commitId": commit,
            "treeId": tree,
            "parents": parents.split(),
            "message": message.rstrip("\n") + "\n",  # git log adds a line of its own
            "author": dict(zip(("name", "email", "date"), author, strict=True)),
            "committer": dict(zip(("name", "email", "date"), committer, strict=True)),
        }

    def archive(self, commit: str) -> bytes:
        """Return the files of a commit as a zip."""
        return self._run("archive", "--format=zip", commit)

    def _git(self, *arguments: str) -> str:
        return self._run(*arguments).decode(errors="replace")

    def _run(self, *arguments: str) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=self.path, env=ENVIRONMENT, check=True, capture_output=True)
        return done.stdout


def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer git's smart HTTP protocol: a clone, a fetch or a push."""
    region, _, rest = environ["PATH_INFO"].removeprefix("/v1/repos/").partition("/")
    name, _, path = rest.partition("/")
    try:
        repository = Repository.of(runtime.ACCOUNT, region, name.removesuffix(".git"))
    except AwsError as error:
        return Response(f"{error.message}\n", 404)(environ, start_response)
    handle = _receive if path == "git-receive-pack" else _http_backend
    return handle(Request(environ), repository, path)(environ, start_response)


def _receive(request: Request, repository: Repository, path: str) -> Response:
    """Take a push, and announce what it changed."""
    with _PUSHING:
        before = repository.references()
        answer = _http_backend(request, repository, path)
        after = repository.references()
    if not repository.default_branch() and repository.branches():
        repository.set_default_branch(next(iter(repository.branches())))
    for reference in sorted(before.keys() | after.keys()):
        if before.get(reference) != after.get(reference):
            _announce(repository, reference, before.get(reference), after.get(reference))
    return answer


def _http_backend(request: Request, repository: Repository, path: str) -> Response:
    """Run git's CGI program for one request; https://git-scm.com/docs/git-http-backend."""
    body = request.get_data()
    environment = ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(repository.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "PATH_INFO": f"/{path}",
        "QUERY_STRING": request.query_string.decode(),
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "REMOTE_USER": "embedded-aws",
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = [(key, value) for key, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))]
    status = next((value for key, value in headers if key == "Status"), "200 OK")
    return Response(content, status, [pair for pair in headers if pair[0] != "Status"])


def _announce(repository: Repository, reference: str, before: str | None, after: str | None) -> None:
    """Put CodeCommit's event of a changed reference, as its documentation shows it."""
    event = "referenceUpdated" if before and after else "referenceCreated" if after else "referenceDeleted"
    _, kind, name = reference.split("/", 2)
    metadata = codecommit_backends[runtime.ACCOUNT][repository.region].get_repository(repository.name)
    detail = {
        "event": event,
        "repositoryName": repository.name,
        "repositoryId": metadata["repositoryId"],
        "referenceType": KINDS[kind],
        "referenceName": name,
        "referenceFullName": reference,
        "commitId": after or before or EMPTY,
        "oldCommitId": before or EMPTY,
    }
    change, resources = "CodeCommit Repository State Change", [metadata["Arn"]]
    runtime.put_event(runtime.ACCOUNT, repository.region, "aws.codecommit", change, detail, resources)
