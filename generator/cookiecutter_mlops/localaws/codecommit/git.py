"""The repositories of the embedded CodeCommit: bare git repositories, served by git's own `http-backend`.

A push needs no password here. The clone address names the region; the account is always ours.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

from moto.codecommit.exceptions import RepositoryDoesNotExistException
from moto.codecommit.models import codecommit_backends
from werkzeug.wrappers import Request, Response

from cookiecutter_mlops.localaws import runtime

EMPTY = "0" * 40


class Repository:
    """One bare repository of this account and region."""

    def __init__(self, region: str, name: str) -> None:
        self.region, self.name = region, name
        self.path = runtime.home() / "repositories" / region / f"{name}.git"

    @classmethod
    def of(cls, account: str, region: str, name: str) -> "Repository":
        """Return an existing repository; raise RepositoryDoesNotExistException as AWS does."""
        if name not in codecommit_backends[account][region].repositories:
            raise RepositoryDoesNotExistException(name)
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

    def branches(self) -> dict[str, str]:
        """Return the newest commit of each branch."""
        lines = self._git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").splitlines()
        return dict(line.rsplit(" ", 1) for line in lines)

    def commit(self, revision: str) -> dict[str, Any] | None:
        """Return a branch's or a commit's facts as GetCommit shows them, or None."""
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        try:
            text = self._git("log", "-1", f"--format={form}", revision, "--")
        except subprocess.CalledProcessError:
            return None
        commit, tree, parents, *people, message = text.split("\0")
        author, committer = people[:3], people[3:]
        return {
            "commitId": commit,
            "treeId": tree,
            "parents": parents.split(),
            "message": message,
            "author": dict(zip(("name", "email", "date"), author, strict=True)),
            "committer": dict(zip(("name", "email", "date"), committer, strict=True)),
        }

    def archive(self, commit: str) -> bytes:
        """Return the files of a commit as a zip."""
        command = ["git", "archive", "--format=zip", commit]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True).stdout

    def _git(self, *arguments: str) -> str:
        command = ["git", "-c", "safe.bareRepository=all", *arguments]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True).stdout


def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer git's smart HTTP protocol, and announce what a push changed."""
    region, _, rest = environ["PATH_INFO"].removeprefix("/v1/repos/").partition("/")
    name = rest.split("/")[0].removesuffix(".git")
    try:
        repository = Repository.of(runtime.ACCOUNT, region, name)
    except RepositoryDoesNotExistException as error:
        return Response(f"{error.message}\n", 404)(environ, start_response)
    before = repository.branches()
    answer = _http_backend(Request(environ), repository, rest.partition("/")[2])
    for branch, commit in (
        repository.branches() | dict.fromkeys(before.keys() - repository.branches().keys(), "")
    ).items():
        if before.get(branch) != commit:
            _announce(repository, branch, before.get(branch), commit)
    return answer(environ, start_response)


def _http_backend(request: Request, repository: Repository, path: str) -> Response:
    """Run git's CGI program for one request; https://git-scm.com/docs/git-http-backend."""
    body = request.get_data()
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
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


def _announce(repository: Repository, branch: str, before: str | None, after: str) -> None:
    """Put CodeCommit's event of a changed reference, as its documentation shows it."""
    event = "referenceUpdated" if before and after else "referenceCreated" if after else "referenceDeleted"
    arn = f"arn:aws:codecommit:{repository.region}:{runtime.ACCOUNT}:{repository.name}"
    detail = {
        "event": event,
        "repositoryName": repository.name,
        "referenceType": "branch",
        "referenceName": branch,
        "referenceFullName": f"refs/heads/{branch}",
        "commitId": after or before or EMPTY,
        "oldCommitId": before or EMPTY,
    }
    runtime.put_event(
        runtime.ACCOUNT, repository.region, "aws.codecommit", "CodeCommit Repository State Change", detail, [arn]
    )
