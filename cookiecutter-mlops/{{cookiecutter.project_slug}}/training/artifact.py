"""A model's files: sealed by a manifest when written, checked against it before one of them is opened.

    python -m training.artifact FOLDER      # verify a model folder

Standard library only. A model is a folder (inside `model.tar.gz` on S3) of safe formats: JSON, skops, safetensors, npz.
"""

import hashlib
import io
import json
import math
import re
import sys
import tarfile
import zipfile
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from training.settings import UserError

MANIFEST = "manifest.json"
LARGEST = 50 * 2**30  # bytes that an archive may unpack to; a crafted one could otherwise fill the disk

ROUNDING = 1e-6  # relative; another machine may round the last digits of an answer differently
ADDRESS = re.compile(r'(?<="__id__": )[0-9]+|(?<="file": ")[0-9a-f-]+')  # where skops writes id() or a uuid
NUMBER = re.compile(r"^[0-9a-f-]+(?=\.)")
STOP_WORDS = re.compile(r'(?s)("_stop_words_id": \{[^}]*"content": ")[0-9]+')  # an address that vectorizers keep


class ArtifactError(UserError):
    """A model's files are not what its manifest says."""


def seal(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest, last: the sum of every file beside facts such as commit, data version and metrics."""
    manifest = {"files": {name: sha256(folder / name) for name in _names(folder)}, **facts}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a model folder whose files are all there, unchanged, and the only ones."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        sums = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ArtifactError(f"{folder}: no readable {MANIFEST}, so this is not a model that training sealed.") from None
    names = set(_names(folder))
    for name in sorted(names ^ set(sums)):
        state = "is not in the manifest" if name in names else "is missing"
        raise ArtifactError(f"{folder}: {name} {state}; train again, or fetch the model again.")
    for name, expected in sums.items():
        if sha256(folder / name) != expected:
            raise ArtifactError(f"{folder}: {name} differs from its sha256 in the manifest; fetch the model again.")
    return manifest


def reproducible(skops: bytes) -> bytes:
    """The same skops file without what differs from run to run: addresses of objects in memory, and times.

    skops names an object and the file of an array by its address, the file of bytes by chance; here all are counted.
    """
    with zipfile.ZipFile(io.BytesIO(skops)) as read:
        contents = {name: read.read(name) for name in read.namelist()}
    schema = STOP_WORDS.sub(r"\g<1>0", contents.pop("schema.json").decode())
    counted = {address: str(n) for n, address in enumerate(dict.fromkeys(ADDRESS.findall(schema)))}
    renamed = {NUMBER.sub(lambda found: counted[found[0]], name): content for name, content in contents.items()}
    renamed["schema.json"] = ADDRESS.sub(lambda found: counted[found[0]], schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as write:
        for name in sorted(renamed):
            write.writestr(zipfile.ZipInfo(name), renamed[name])
    return buffer.getvalue()


def unpack(archive: Path, folder: Path) -> None:
    """Extract a tar whose members are all plain files and folders inside it."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:
            path = Path(member.name)
            if not (member.isreg() or member.isdir()) or path.is_absolute() or ".." in path.parts:
                raise ArtifactError(f"{archive.name}: {member.name!r} is no plain file inside the archive.")
        if sum(member.size for member in members) > LARGEST:
            raise ArtifactError(f"{archive.name}: unpacks to more than {LARGEST // 2**30} GiB; not unpacked.")
        tar.extractall(folder, members=members, filter="data")


def same(answer: Any, recorded: Any, likeness: float = 1.0) -> bool:
    """Equal, where numbers may differ by a rounding; of a text at least a share of the words, in their order."""
    if isinstance(recorded, dict):
        fields = isinstance(answer, dict) and answer.keys() == recorded.keys()
        return fields and all(same(answer[key], recorded[key], likeness) for key in recorded)
    if isinstance(recorded, list):
        if not isinstance(answer, list) or len(answer) != len(recorded):
            return False
        return all(same(one, other, likeness) for one, other in zip(answer, recorded, strict=True))
    if likeness < 1 and isinstance(recorded, str) and isinstance(answer, str):
        return SequenceMatcher(None, answer.split(), recorded.split(), autojunk=False).ratio() >= likeness
    if isinstance(recorded, float) and isinstance(answer, int | float):
        return math.isclose(answer, recorded, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return answer == recorded


def sha256(path: Path) -> str:
    """The sum of a file, read in pieces: weights may not fit in memory twice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files if path != folder / MANIFEST)


if __name__ == "__main__":
    try:
        verify(Path(sys.argv[1]))
    except ArtifactError as problem:
        sys.exit(str(problem))
