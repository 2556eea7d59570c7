"""What a bundle takes from the RUN lines of a Dockerfile, since no image is built.

`chmod` says which files are programs, `pip install` which packages the interpreter has, and `RUN python …` in a stage
that is copied from makes what is copied. All other commands are passed over.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cookiecutter_mlops import environments
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws.dockerfile import Stage, context_files, in_bundle

Files = list[tuple[str, Path]]  # name in the bundle, file
_PIP = re.compile(r"^(python\S* -m )?pip\S*( -\S+)* install ")


def made(context: Path, stage: Stage, folder: Path) -> Path:
    """Return a folder with the files of a stage and with what its Python makes of them."""
    root = folder / (stage.name or "stage")
    lay_out(context_files(context, stage, lambda origin: made(context, origin, root / ".stages")), root)
    for command in stage.runs:
        if command.startswith("python "):
            environ = os.environ | stage.environment | {"PYTHONDONTWRITEBYTECODE": "1"}
            words = [build_python(), *shlex.split(command)[1:]]
            done = subprocess.run(words, cwd=root, env=environ, text=True)
            if done.returncode:
                raise ValueError(f"RUN {command}: failed with exit code {done.returncode}, see the lines above")
    return root


def lay_out(files: Files, root: Path) -> None:
    """Copy a bundle's files to where its image has them, below a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, file in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / name)


def programs(stage: Stage) -> re.Pattern[str]:
    """Return what matches the names of the files that `chmod` makes executable."""
    names = []
    for command in _commands(stage):
        if command.startswith("chmod "):
            mode, *paths = [word for word in _words(command)[1:] if not re.match(r"-[A-Za-z]", word)]
            if re.search(r"\+\w*x|^0?[1357]\d\d$|^0?\d[1357]\d$", mode):
                names += [re.escape(str(in_bundle(path, stage.workdir))).replace(r"\*", "[^/]*") for path in paths]
    return re.compile(f"(?:{'|'.join(names)})(?:/|$)" if names else r"(?!)")


def packages(stage: Stage) -> list[str]:
    """Return the `pip install` commands that make the interpreter of a bundle, where it is not that of a project.

    The environment of a generated project holds what its own requirements name.
    """
    own = Path(build_python()) == Path(sys.executable)
    return [command for command in _commands(stage) if _PIP.match(command)] if own else []


def interpreter(stage: Stage, files: Files) -> str:
    """Return the Python that a bundle runs with: one that has its packages, made once for the same ones."""
    commands = packages(stage)
    if not commands:
        return build_python()
    with tempfile.TemporaryDirectory() as folder:
        lay_out(files, Path(folder))
        installs = [_here(_PIP.sub("", command), stage, Path(folder)) for command in commands]
        key = hashlib.sha256(repr(commands).encode())
        for words in installs:
            for file in (Path(folder) / word for word in words):
                key.update(file.read_bytes() if file.is_file() else b"")
        try:
            return str(environments.prepared(key.hexdigest()[:16], installs, Path(folder)))
        except MlopsError as error:
            raise ValueError(f"RUN {commands[0]}: {error.message}") from None


def build_python() -> str:
    """Return the interpreter of the build that runs this."""
    return os.environ.get("MLOPS_BUILD_PYTHON", sys.executable)


def _here(arguments: str, stage: Stage, folder: Path) -> list[str]:
    """Return pip's arguments with the image's files by their names in a folder."""
    names = {word: str(in_bundle(word, stage.workdir)) for word in _words(arguments)}
    return [name if (folder / name).is_file() else word for word, name in names.items()]


def _commands(stage: Stage) -> Iterator[str]:
    """Yield the commands of the RUN lines one by one, without what is for Docker."""
    for run in stage.runs:
        for command in re.split(r"&&|;", re.sub(r"^(--\S+\s+)+", "", run)):
            yield command.strip()


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quoted && was taken for one between commands
        return command.split()
