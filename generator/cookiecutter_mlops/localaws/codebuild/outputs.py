"""What a build leaves behind: its artifacts."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build
    from cookiecutter_mlops.localaws.codebuild.buildspec import Files


def collect(build: "Build", files: "Files", source: Path, target: Path) -> None:
    """Copy the artifacts' files into a folder, with their paths unless the buildspec discards them."""
    base, count = source / files.base, 0
    for file in found(files, source):
        place = target / (file.name if files.flat else file.relative_to(base))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
        count += 1
    if not count:
        raise BuildFailed(f"no matching artifact paths found: {', '.join(files.patterns)}", "CLIENT_ERROR")
    build.note(f"Found {count} file(s)")
    build.artifacts = target


def found(files: "Files", source: Path) -> Iterator[Path]:
    """Return each file that a pattern matches and none excludes, once, in order of its name."""
    base = source / files.base
    if not base.resolve().is_relative_to(source.resolve()):
        raise BuildFailed(f"base-directory must be a folder of the source, got {files.base!r}", "CLIENT_ERROR")
    matches, excluded = (
        {path for pattern in patterns for path in base.glob(_below(base, pattern))}
        for patterns in (files.patterns, files.excluded)
    )
    return iter(sorted(path for path in matches - excluded if path.is_file()))


def _below(base: Path, pattern: str) -> str:
    """Return a pattern relative to the folder that it is for; it may name that folder, as $CODEBUILD_SRC_DIR does."""
    inside = pattern.replace("$CODEBUILD_SRC_DIR/", "").removeprefix(f"{base}/").removeprefix("./")
    if inside.startswith("/"):
        raise BuildFailed(f"files must be paths of the source, got {pattern!r}", "CLIENT_ERROR")
    return inside
