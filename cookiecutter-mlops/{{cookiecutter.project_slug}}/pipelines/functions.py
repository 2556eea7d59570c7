"""Packs each folder of functions/ as the zip that its Lambda runs, always with the same bytes from the same source.

    python -m pipelines.functions           # writes functions/build/<name>.zip
    python -m pipelines.functions --check   # fails when a zip is not what the source gives

Standard library only: the template's hook runs it before the project has an environment. The zips are committed, so
that Terraform, which compares their hashes, sees a change exactly when the source changed.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

FUNCTIONS = Path("functions")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
READABLE = 0o100644 << 16  # a plain file that Lambda's own user may read


def build_all(functions: Path = FUNCTIONS) -> list[Path]:
    """Write the zip of every function."""
    (functions / "build").mkdir(exist_ok=True)
    for name in names(functions):
        archive(functions, name).write_bytes(packed(functions / name))
    return [archive(functions, name) for name in names(functions)]


def stale(functions: Path = FUNCTIONS) -> list[str]:
    """The functions whose zip is missing or differs from their source."""
    return [name for name in names(functions) if _content(archive(functions, name)) != packed(functions / name)]


def names(functions: Path = FUNCTIONS) -> list[str]:
    """A function is a folder with an `__init__.py`."""
    return sorted(path.parent.name for path in functions.glob("*/__init__.py"))


def archive(functions: Path, name: str) -> Path:
    """The zip that Terraform uploads."""
    return functions / "build" / f"{name}.zip"


def packed(source: Path) -> bytes:
    """The bytes of a function's zip: sorted names, fixed times and rights, stored as they are.

    Not compressed: two versions of zlib may compress differently, and these are a few kilobytes.
    """
    files = sorted(path for path in source.rglob("*.py") if path.is_file())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(source.parent).as_posix(), EPOCH)
            entry.create_system, entry.external_attr = 3, READABLE  # 3 is Unix, whatever system this runs on
            package.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack the Lambda functions.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a zip differs from its source")
    if not parser.parse_args().check:
        print(*build_all(), sep="\n")
    elif differing := stale():
        sys.exit(f"error: functions/build: {', '.join(differing)} differ from their source; run `make functions`.")


if __name__ == "__main__":
    main()
