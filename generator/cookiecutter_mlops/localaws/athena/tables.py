"""What Glue says of a table, and which objects in S3 are its rows; the caller must be allowed both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cookiecutter_mlops.localaws.athena import projection
from cookiecutter_mlops.localaws.athena.exceptions import QueryFailed
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import storage

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
Values = dict[str, str]


@dataclass(frozen=True)
class Object:
    """An object of S3, and the values of the partition that it lies in."""

    address: str
    size: int
    partition: Values


@dataclass(frozen=True)
class Table:
    """Columns and partition keys are names with Hive's types, in lower case as Glue has them."""

    database: str
    name: str
    columns: Values
    keys: Values
    objects: list[Object]


def find(account: str, region: str, database: str, name: str, place: str) -> Table:
    """The table; a QueryFailed in Athena's words where it is missing, or the caller may not read it."""
    found = _described(account, region, database, name, place)
    storing = found["StorageDescriptor"]
    serde = (storing.get("SerdeInfo") or {}).get("SerializationLibrary", "")
    if serde != PARQUET:
        raise NotEmulated(
            f"athena:StartQueryExecution of a table that is not Parquet: {name} has {serde or 'no serde'}"
        )
    keys = _types(found.get("PartitionKeys") or [])
    objects = list(_objects(account, region, found, list(keys)))
    return Table(database, name, _types(storing["Columns"]), keys, objects)


def read(account: str, one: Object) -> bytes:
    """The bytes of an object of a table."""
    try:
        return storage.read(account, one.address)
    except AwsError as error:
        raise QueryFailed(f"PERMISSION_DENIED: Permission denied on S3 path: {one.address}. {error.message}") from None


def _described(account: str, region: str, database: str, name: str, place: str) -> dict[str, Any]:
    from moto.core.exceptions import JsonRESTError
    from moto.glue.models import glue_backends

    _check("glue:GetTable", account, region, database, name)
    backend: Any = glue_backends[account][region]
    if database not in backend.databases:
        raise QueryFailed(f"SCHEMA_NOT_FOUND: {place}Schema '{database}' does not exist")
    try:
        return backend.get_table(database, name).as_dict()
    except JsonRESTError:
        full = f"awsdatacatalog.{database}.{name}"
        raise QueryFailed(f"TABLE_NOT_FOUND: {place}Table '{full}' does not exist") from None


def _check(action: str, account: str, region: str, database: str, name: str) -> None:
    """Glue asks for the catalog and the database, too."""
    for resource in ("catalog", f"database/{database}", f"table/{database}/{name}"):
        try:
            acting.check(action, f"arn:aws:glue:{region}:{account}:{resource}")
        except AwsError as error:
            raise QueryFailed(f"Insufficient permissions to execute the query. {error.message}") from None


def _objects(account: str, region: str, table: dict[str, Any], keys: list[str]) -> Iterator[Object]:
    location = table["StorageDescriptor"]["Location"]
    if not keys:
        yield from _below(account, _folder(location), {})
    elif projection.is_on(table.get("Parameters") or {}):
        values = projection.reader(table["Parameters"], keys, location)
        start = table["Parameters"].get("storage.location.template", _folder(location)).partition("${")[0]
        for one in _below(account, start, {}):
            if (partition := values(one.address)) is not None:
                yield Object(one.address, one.size, partition)
    else:
        _check("glue:GetPartitions", account, region, table["DatabaseName"], table["Name"])
        for partition, place in _partitions(account, region, table, keys):
            yield from _below(account, _folder(place), partition)


def _partitions(account: str, region: str, table: dict[str, Any], keys: list[str]) -> Iterator[tuple[Values, str]]:
    from moto.glue.models import glue_backends

    backend: Any = glue_backends[account][region]
    for found in backend.get_table(table["DatabaseName"], table["Name"]).partitions.values():
        values = dict(zip(keys, found.values, strict=True))
        yield values, found.partition_input["StorageDescriptor"]["Location"]


def _folder(location: str) -> str:
    return location.rstrip("/") + "/"


def _below(account: str, start: str, partition: Values) -> Iterator[Object]:
    """The objects whose address begins so; Athena passes over names that begin with a dot or an underscore."""
    bucket, prefix = storage.split(start)
    try:
        acting.check_list(bucket, prefix)
    except AwsError as error:
        raise QueryFailed(f"PERMISSION_DENIED: Permission denied on S3 path: {start}. {error.message}") from None
    for key in storage.objects(account, start):
        hidden = key.name.rpartition("/")[2].startswith((".", "_"))
        if not hidden and key.size:
            yield Object(f"s3://{bucket}/{key.name}", key.size, partition)


def _types(columns: list[dict[str, str]]) -> Values:
    return {column["Name"].lower(): column["Type"].lower() for column in columns}
