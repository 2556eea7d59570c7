"""Athena's queries are executed: over partitions of Glue and of projections, with values and errors as on AWS."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow
import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws.athena import engine
from cookiecutter_mlops.localaws.extension import NotEmulated
from tests.localaws.lake import PROJECTED, Lake

pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")


def day(before: int) -> str:
    return str(datetime.now(UTC).date() - timedelta(days=before))


@pytest.fixture
def lake(aws):
    return Lake(aws.client)


@pytest.fixture
def calls(lake):
    """Three calls without partitions."""
    lake.put("calls/a.out", ("c1", ["pay", "close"], 4, -0.5), ("c2", [], 2, 0.0))
    lake.put("calls/b.out", ("c3", ["pay"], None, 1.0))
    lake.table()
    return lake


def test_intents_are_counted_for_each_day_of_a_projection(lake):
    lake.put(f"calls/day={day(1)}/a.out", ("c1", ["pay", "close"], 4, 0.0), ("c2", ["pay"], 2, 0.0))
    lake.put(f"calls/day={day(2)}/a.out", ("c3", ["pay"], 4, 0.0))
    lake.put(f"calls/day={day(40)}/old.out", ("c4", ["pay"], 4, 0.0))
    lake.put("calls/day=2019-12-31/out-of-range.out", ("c5", ["pay"], 4, 0.0))
    lake.put("calls/day=tomorrow/no-day.out", ("c6", ["pay"], 4, 0.0))
    lake.put(f"calls/day={day(1)}/_temporary.out", ("c7", ["pay"], 4, 0.0))
    location = f"s3://{lake.bucket}/calls/day=${{day}}/"
    lake.table(keys={"day": "date"}, **PROJECTED, storage_location_template=location)
    query = """
        SELECT day, intent, count(*) AS calls FROM calls CROSS JOIN UNNEST(intents) AS wanted (intent)
        WHERE day > current_date - INTERVAL '30' DAY GROUP BY day, intent ORDER BY day, calls DESC
    """
    assert lake.rows(query) == [[day(2), "pay", "1"], [day(1), "pay", "2"], [day(1), "close", "1"]]
    assert lake.rows("SELECT count(*) FROM calls") == [["4"]]


def test_partitions_of_glue_are_where_glue_says(lake):
    lake.put("elsewhere/a.parquet", ("c1", [], 1, 0.0))
    lake.put("calls/region=us/a.parquet", ("c2", [], 1, 0.0))
    lake.table(keys={"region": "string"})
    storing = {"Location": f"s3://{lake.bucket}/elsewhere/"}
    partition = {"Values": ["eu"], "StorageDescriptor": storing}
    lake.client("glue").create_partition(DatabaseName=lake.database, TableName="calls", PartitionInput=partition)
    assert lake.rows("SELECT call, region FROM calls") == [["c1", "eu"]]  # nobody has told of `us`


@pytest.mark.parametrize(
    ("settings", "known", "unknown"),
    [
        ({"type": "enum", "values": "eu, us"}, "us", "asia"),
        ({"type": "integer", "range": "1,20", "digits": "2"}, "07", "7"),
        ({"type": "integer", "range": "0,100", "interval": "10"}, "50", "55"),
        ({"type": "date", "range": "202401,NOW", "format": "yyyyMM"}, "202406", "202312"),
    ],
)
def test_projection_makes_the_values_of_its_range(lake, settings, known, unknown):
    for value in (known, unknown):
        lake.put(f"calls/part={value}/a.parquet", (value, [], 1, 0.0))
    properties = {f"projection_part_{name}": value for name, value in settings.items()}
    lake.table(keys={"part": "string"}, projection_enabled="true", **properties)
    assert lake.rows("SELECT call, part FROM calls") == [[known, known]]


def test_values_and_types_are_written_as_athena_does(calls):
    query = """
        SELECT call, intents, turns, sentiment, sentiment < 0 AS bad, DATE '2026-01-31' AS day,
               TIMESTAMP '2026-01-31 12:30:00' AS moment, CAST(1.50 AS decimal(5,2)) AS price, 1e10 AS large,
               sum(turns) OVER () AS total, 7 / 2 AS half
        FROM calls ORDER BY call
    """
    assert calls.rows(query) == [
        [
            "c1",
            "[pay, close]",
            "4",
            "-0.5",
            "true",
            "2026-01-31",
            "2026-01-31 12:30:00.000",
            "1.50",
            "1.0E10",
            "6",
            "3",
        ],
        ["c2", "[]", "2", "0.0", "false", "2026-01-31", "2026-01-31 12:30:00.000", "1.50", "1.0E10", "6", "3"],
        ["c3", "[pay]", None, "1.0", "false", "2026-01-31", "2026-01-31 12:30:00.000", "1.50", "1.0E10", "6", "3"],
    ]
    athena = calls.client("athena")
    result = athena.get_query_results(QueryExecutionId=calls.start(query))["ResultSet"]
    types = {column["Name"]: column["Type"] for column in result["ResultSetMetadata"]["ColumnInfo"]}
    assert types == {
        "call": "varchar", "intents": "array", "turns": "bigint", "sentiment": "double", "bad": "boolean",
        "day": "date", "moment": "timestamp", "price": "decimal", "large": "double", "total": "bigint",
        "half": "integer",
    }  # fmt: skip


def test_result_is_a_file_in_the_place_asked_for(calls):
    told = calls.ended("SELECT call, turns, 'say \"hi\"' AS said FROM calls ORDER BY 1 DESC LIMIT 1")
    place = f"s3://{calls.bucket}/results/{told['QueryExecutionId']}.csv"
    assert told["ResultConfiguration"]["OutputLocation"] == place
    key = place.removeprefix(f"s3://{calls.bucket}/")
    written = calls.client("s3").get_object(Bucket=calls.bucket, Key=key)["Body"].read()
    assert written == b'"call","turns","said"\n"c3",,"say ""hi"""\n'
    assert told["Statistics"]["DataScannedInBytes"] > 0
    assert (told["StatementType"], told["WorkGroup"]) == ("DML", "primary")


def test_workgroup_that_enforces_its_settings_says_where_and_how_much(calls):
    athena = calls.client("athena")
    settings = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": f"s3://{calls.bucket}/of-group"},
    }
    athena.create_work_group(Name=calls.database, Configuration=settings)
    told = calls.ended("SELECT 1", WorkGroup=calls.database)
    assert told["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{calls.bucket}/of-group/")
    assert athena.list_query_executions(WorkGroup=calls.database)["QueryExecutionIds"] == [told["QueryExecutionId"]]
    limit = {"BytesScannedCutoffPerQuery": 10_000_000}
    athena.update_work_group(WorkGroup=calls.database, ConfigurationUpdates=limit)
    assert calls.ended("SELECT * FROM calls", WorkGroup=calls.database)["Status"]["State"] == "SUCCEEDED"
    noise = np.random.default_rng(0).normal(size=1_300_000)  # 10.4 MB, which nothing makes smaller
    calls.put_table("calls/large.parquet", pyarrow.table({"sentiment": noise}))
    status = calls.ended("SELECT * FROM calls", WorkGroup=calls.database)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    athena.update_work_group(WorkGroup=calls.database, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        calls.start("SELECT 1", WorkGroup=calls.database)


def test_long_result_comes_in_pages(calls):
    query = "SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n"
    pages = calls.client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=calls.start(query))
    sizes, rows = [], []
    for page in pages:
        sizes.append(len(page["ResultSet"]["Rows"]))
        rows += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
    assert sizes == [1000, 1000, 501]
    assert rows == ["n", *map(str, range(1, 2501))]


def test_parameters_take_the_place_of_question_marks(calls):
    query = "SELECT call FROM calls WHERE call = ? AND turns > ?"
    assert calls.rows(query, ExecutionParameters=["'c1'", "3"]) == [["c1"]]
    assert "expected 2 but found 1" in calls.failure(query, ExecutionParameters=["'c1'"])


def test_same_token_starts_one_query(calls):
    token = "t" * 32
    first = calls.start("SELECT 1", ClientRequestToken=token)
    assert calls.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        calls.start("SELECT 2", ClientRequestToken=token)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{0}.nothing' does not exist"),
        ("SELECT * FROM other.calls", "SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"),
        ("SELECT * FROM hive.x.calls", "CATALOG_NOT_FOUND: line 1:15: Catalog 'hive' does not exist"),
        ("SELECT intent FROM calls", "COLUMN_NOT_FOUND: line 1:8: Column 'intent' cannot be resolved"),
        ("SELECT list_sort(intents) FROM calls", "FUNCTION_NOT_FOUND: line 1:8: Function 'list_sort' not registered"),
        (
            "SELECT * FROM calls WHERE turns > '3'",
            "TYPE_MISMATCH: line 1:27: Cannot apply operator: bigint > varchar(1)",
        ),
        ("SELECT CAST(call AS integer) FROM calls", "INVALID_CAST_ARGUMENT: "),
        ("SELECT * FROM read_csv('/etc/passwd')", "FUNCTION_NOT_FOUND: "),
        ('SELECT * FROM "/etc/passwd"', "TABLE_NOT_FOUND: "),
        ("SELECT call, count(*) FROM calls", "SYNTAX_ERROR: "),
    ],
)
def test_query_that_cannot_be_answered_fails_in_athenas_words(calls, query, words):
    reason = calls.failure(query)
    assert reason.startswith(words.format(calls.database)), reason
    identifier = calls.start(query)
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: FAILED"):
        calls.client("athena").get_query_results(QueryExecutionId=identifier)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT FROM WHERE", "line 1:"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("GRANT SELECT ON calls TO me", "Queries of this type are not supported"),
        ("INSERT INTO calls VALUES (1)", "does not implement athena:StartQueryExecution of INSERT statements"),
        ("CREATE TABLE x AS SELECT 1", "of CREATE statements"),
    ],
)
def test_statement_that_is_no_query_is_refused_at_once(calls, query, words):
    with pytest.raises(ClientError) as refused:
        calls.start(query)
    assert words in str(refused.value)


def test_result_needs_a_place(lake):
    with pytest.raises(ClientError, match="No output location provided"):
        lake.start("SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="Unable to verify/create output bucket nowhere"):
        lake.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://nowhere/"})


def test_file_that_does_not_fit_the_table_is_named(lake):
    lake.put_table("calls/a.parquet", pyarrow.table({"turns": ["many"], "more": [1]}))
    lake.table()
    address = f"s3://{lake.bucket}/calls/a.parquet"
    assert f"HIVE_BAD_DATA: Field turns's type VARCHAR in parquet file {address}" in lake.failure("SELECT * FROM calls")
    lake.client("s3").put_object(Bucket=lake.bucket, Key="calls/a.parquet", Body=b"no Parquet")
    assert lake.failure("SELECT * FROM calls") == f"HIVE_BAD_DATA: Not valid Parquet file: {address}"


def test_columns_are_found_by_name_and_missing_ones_are_null(lake):
    lake.put_table("calls/a.parquet", pyarrow.table({"sentiment": [0.5], "CALL": ["c1"], "unknown": [1]}))
    lake.table()
    assert lake.rows("SELECT * FROM calls") == [["c1", None, None, "0.5"]]
    assert lake.rows(f'SELECT c."call" FROM awsdatacatalog.{lake.database}.Calls c') == [["c1"]]


def test_query_that_nobody_started_is_unknown(aws):
    with pytest.raises(ClientError, match="QueryExecution 11111111-1111-1111-1111-111111111111 was not found"):
        aws.client("athena").get_query_execution(QueryExecutionId="11111111-1111-1111-1111-111111111111")


def test_missing_libraries_are_named_with_what_installs_them(monkeypatch):
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None if name == "duckdb" else name)
    with pytest.raises(NotEmulated, match=r"without duckdb; pip install 'cookiecutter-mlops\[athena\]' brings them"):
        engine.require()
