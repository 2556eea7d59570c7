"""Git repositories for these tests: one in the embedded CodeCommit, and a working copy that pushes to it."""

import subprocess
from pathlib import Path

PERSON = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]


class WorkingCopy:
    """A folder under git whose commits go to one address."""

    def __init__(self, folder: Path, url: str, branch: str = "main") -> None:
        self.folder, self.url = folder, url
        self.git("init", "--quiet", f"--initial-branch={branch}")

    def git(self, *arguments: str) -> str:
        command = ["git", *PERSON, *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Write files, commit them and return the commit's id."""
        for name, content in (files or {"file": message}).items():
            (self.folder / f"{name}.txt").write_text(content)
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, message: str, **files: str) -> str:
        """Commit and push the present branch; return the commit's id."""
        commit = self.commit(message, **files)
        self.git("push", "--quiet", self.url, "HEAD")
        return commit
