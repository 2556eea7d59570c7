"""The emulated S3 as SageMaker itself uses it: channels come in, artifacts go out. It is in the same process.

Whoever acts (see iam/acting.py) must be allowed each object.
"""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting

ALL = slice(None)  # every object


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://bucket/key` address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise AwsError("ValidationException", f"The S3 address must look like s3://bucket/key (got: {uri}).")
    return bucket, key


def _backend(account: str) -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[account]["aws"]


def objects(account: str, uri: str) -> list[Any]:
    """Return the current objects under a prefix; deleted ones of a versioned bucket do not count."""
    bucket, prefix = split(uri)
    if bucket not in _backend(account).buckets:
        return []
    keys, *_ = _backend(account).list_objects(_backend(account).get_bucket(bucket), prefix, None, None, None)
    return [key for key in keys if not key.name.endswith("/")]


def download(account: str, uri: str, folder: Path, share: slice = ALL) -> int:
    """Write the objects under a prefix, or a share of them by the order of their keys; return how many there are."""
    bucket, prefix = split(uri)
    found = sorted(_listed(account, uri), key=lambda key: key.name)
    for key in found[share]:
        acting.check_read(account, bucket, key.name)
        _save(folder, _relative(key.name, prefix), key.value)
    return len(found)


def named(account: str, uri: str) -> list[tuple[str, str]]:
    """Return key and name below the prefix of every object under it."""
    prefix = split(uri)[1]
    return [(key.name, _relative(key.name, prefix)) for key in _listed(account, uri)]


def _listed(account: str, uri: str) -> list[Any]:
    acting.check_list(*split(uri))
    return objects(account, uri)


def download_input(account: str, uri: str, data_type: str, folder: Path, share: slice = ALL) -> int:
    """Write the objects of a prefix, or those that a manifest lists, or a share of them; return how many there are."""
    if data_type == "S3Prefix":
        return download(account, uri, folder, share)
    listed = sorted(manifest(account, uri))
    for prefix, name in listed[share]:
        _save(folder, name, read(account, prefix + name))
    return len(listed)


def manifest(account: str, uri: str) -> list[tuple[str, str]]:
    """Return (prefix, name) of every object in a manifest file: `[{"prefix": "s3://bucket/"}, "a.csv", "b.csv"]`."""
    try:
        first, *names = json.loads(read(account, uri))
        return [(first["prefix"], name) for name in names]
    except (ValueError, TypeError, KeyError):
        raise AwsError("ValidationException", f"The manifest {uri} is not a list that begins with a prefix.") from None


def _save(folder: Path, name: str, content: bytes) -> None:
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise AwsError("ValidationException", f"The object {name} would be written outside its channel.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _relative(name: str, prefix: str) -> str:
    """Name an object below its channel: prefix `data` makes `data/x.csv` into `x.csv`, an exact key is its own name."""
    if prefix.endswith("/") or name.startswith(f"{prefix}/") or not prefix:
        return name[len(prefix) :].lstrip("/")
    return name[prefix.rfind("/") + 1 :]


def read(account: str, uri: str) -> bytes:
    """Return an object's content, in the caller's name; `missing` is raised where there is none."""
    bucket, name = split(uri)
    acting.check_read(account, bucket, name)
    key = _backend(account).get_object(bucket, name) if bucket in _backend(account).buckets else None
    if key is None:
        raise missing(uri)
    return key.value


def missing(uri: str) -> AwsError:
    """Return what SageMaker says where a model is not."""
    return AwsError("ValidationException", f"Could not find model data at {uri}.")


def exists(account: str, bucket: str) -> bool:
    """Whether there is such a bucket."""
    return bucket in _backend(account).buckets


def write(account: str, uri: str, content: bytes, encryption: str = "", key: str = "") -> None:
    """Put an object, encrypted as its bucket says unless an encryption, such as `SSE_KMS` with a key, is named."""
    bucket, name = split(uri)
    if not exists(account, bucket):
        raise AwsError("ValidationException", f"The bucket of {uri} does not exist.")
    acting.check_write(account, bucket, name)
    if key:
        acting.check_key("kms:GenerateDataKey", key, "s3")
    kind = {"SSE_KMS": "aws:kms", "SSE_S3": "AES256"}.get(encryption)
    _backend(account).put_object(bucket, name, content, encryption=kind, kms_key_id=key or None)


def upload(account: str, folder: Path, uri: str) -> None:
    """Write every file of a folder under a prefix."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        write(account, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}", file.read_bytes())


def upload_archive(account: str, folders: list[Path], uri: str) -> list[str]:
    """Write folders as one .tar.gz whose members are relative to them, as SageMaker does with /opt/ml/model.

    Return the names of the files that several folders have; the first one's is kept.
    """
    buffer, clashes, packed = io.BytesIO(), [], set()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                if name not in packed:
                    archive.add(path, arcname=name, recursive=False)
                elif not path.is_dir():
                    clashes.append(name)
                packed.add(name)
    write(account, uri, buffer.getvalue())
    return clashes


def download_archive(account: str, uri: str, folder: Path) -> None:
    """Unpack a .tar.gz into a folder; members that would leave it are refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(read(account, uri)), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")
