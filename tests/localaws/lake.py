"""A bucket with Parquet files of calls, tables in Glue over them, and Athena asked about them."""

import functools
import io
import uuid
from typing import Any

import pyarrow
import pyarrow.parquet

from tests.localaws.conftest import REGION

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
COLUMNS = {"call": "string", "intents": "array<string>", "turns": "bigint", "sentiment": "double"}
SCHEMA = pyarrow.schema(
    [
        ("call", pyarrow.string()),
        ("intents", pyarrow.list_(pyarrow.string())),
        ("turns", pyarrow.int64()),
        ("sentiment", pyarrow.float64()),
    ]
)
# Parameters of a table that is partitioned by `day`.
PROJECTED = {
    "projection_enabled": "true",
    "projection_day_type": "date",
    "projection_day_format": "yyyy-MM-dd",
    "projection_day_range": "2020-01-01,NOW+1DAY",
}


class Lake:
    """Everything of one test, under names of its own; `client` may be somebody's who may do less."""

    def __init__(self, client: Any) -> None:
        self.client = functools.cache(client)
        self.bucket = self.database = f"lake{uuid.uuid4().hex[:12]}"
        place = {"LocationConstraint": REGION}
        client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        client("glue").create_database(DatabaseInput={"Name": self.database})

    def put(self, key: str, *calls: tuple[Any, ...]) -> None:
        """Write a Parquet file of calls, each a tuple in the order of COLUMNS."""
        rows = [dict(zip(COLUMNS, call, strict=False)) for call in calls]
        self.put_table(key, pyarrow.Table.from_pylist(rows, SCHEMA))

    def put_table(self, key: str, table: pyarrow.Table) -> None:
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(table, buffer)
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=buffer.getvalue())

    def table(
        self,
        name: str = "calls",
        columns: dict[str, str] | None = None,
        keys: dict[str, str] | None = None,
        **more: str,
    ) -> None:
        """Make a table below `<name>/`; `more` are its parameters with `_` for a dot."""
        types = {"Columns": columns or COLUMNS, "PartitionKeys": keys or {}}
        named = {kind: [{"Name": n, "Type": t} for n, t in each.items()] for kind, each in types.items()}
        storing = {"Location": f"s3://{self.bucket}/{name}/", "SerdeInfo": {"SerializationLibrary": SERDE}}
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "PartitionKeys": named["PartitionKeys"]}
        table["Parameters"] = {key.replace("_", "."): value for key, value in more.items()}
        table["StorageDescriptor"] = storing | {"Columns": named["Columns"]}
        self.client("glue").create_table(DatabaseName=self.database, TableInput=table)

    def start(self, query: str, client: Any = None, **more: Any) -> str:
        given = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
        }
        return (client or self.client)("athena").start_query_execution(QueryString=query, **given | more)[
            "QueryExecutionId"
        ]

    def ended(self, query: str, client: Any = None, **more: Any) -> dict[str, Any]:
        """What GetQueryExecution says of a query."""
        identifier = self.start(query, client, **more)
        return (client or self.client)("athena").get_query_execution(QueryExecutionId=identifier)["QueryExecution"]

    def rows(self, query: str, **more: Any) -> list[list[str | None]]:
        """The rows of a query that must succeed, without the first one, which holds the names."""
        told = self.ended(query, **more)
        assert told["Status"]["State"] == "SUCCEEDED", told["Status"]
        found = self.client("athena").get_query_results(QueryExecutionId=told["QueryExecutionId"])["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found[1:]]

    def failure(self, query: str, **more: Any) -> str:
        """The reason of a query that must fail."""
        status = self.ended(query, **more)["Status"]
        assert status["State"] == "FAILED", status
        return str(status["StateChangeReason"])
