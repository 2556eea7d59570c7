"""Athena reads only the partitions that a WHERE admits."""

import pytest

from tests.localaws.lake import PROJECTED, Lake

pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

NEEDED = [
    ("SELECT call FROM calls WHERE day = DATE '2026-01-02'", ["c2"]),
    ("SELECT call FROM calls c WHERE c.day > DATE '2026-01-01' AND turns = 1 AND c.region = 'eu'", ["c2"]),
    ("SELECT call FROM calls WHERE day BETWEEN DATE '2026-01-01' AND DATE '2026-01-02'", ["c1", "c2"]),
    ("SELECT call FROM calls WHERE day = DATE '2026-01-01' OR region = 'us'", ["c1", "c3"]),
    ("SELECT call FROM calls WHERE day = DATE '2026-01-01' OR turns = 2", ["c1", "c2", "c3"]),  # any row may fit
    ("SELECT call FROM calls WHERE day > current_date", []),
    ("SELECT call FROM calls WHERE region IN (SELECT 'us')", ["c1", "c2", "c3"]),
    (
        "SELECT call FROM calls WHERE day = DATE '2026-01-01' UNION SELECT call FROM calls WHERE region = 'us'",
        ["c1", "c3"],
    ),
    (
        "SELECT o.call FROM calls o JOIN calls u ON true WHERE o.region = 'us' AND u.day = DATE '2026-01-02'",
        ["c2", "c3"],
    ),
    ("SELECT o.call FROM calls o LEFT JOIN calls u ON o.call = u.call WHERE u.day IS NULL", ["c1", "c2", "c3"]),
    ("WITH w AS (SELECT * FROM calls WHERE day = DATE '2026-01-02') SELECT call FROM w WHERE region = 'us'", ["c2"]),
]


@pytest.mark.parametrize("projected", [False, True])
def test_query_reads_the_partitions_that_it_needs(aws, projected):
    """One that it does not need holds no Parquet here, so that reading it would fail."""
    lake = Lake(aws.client)
    places = {"c1": "day=2026-01-01/region=eu", "c2": "day=2026-01-02/region=eu", "c3": "day=2026-01-03/region=us"}
    more = PROJECTED | {"projection_region_type": "enum", "projection_region_values": "eu,us"} if projected else {}
    lake.table(keys={"day": "date", "region": "string"}, **more)
    for place in () if projected else places.values():
        values = [part.partition("=")[2] for part in place.split("/")]
        made = {"Values": values, "StorageDescriptor": {"Location": f"s3://{lake.bucket}/calls/{place}/"}}
        lake.client("glue").create_partition(DatabaseName=lake.database, TableName="calls", PartitionInput=made)
    keys = {call: f"calls/{place}/a.parquet" for call, place in places.items()}
    for query, needed in NEEDED:
        for call, key in keys.items():
            if call in needed:
                lake.put(key, (call, [], 1, 0.0))
            else:
                lake.client("s3").put_object(Bucket=lake.bucket, Key=key, Body=b"no Parquet")
        told = lake.ended(query)
        assert told["Status"]["State"] == "SUCCEEDED", (query, told["Status"])
        sizes = [lake.client("s3").head_object(Bucket=lake.bucket, Key=keys[call])["ContentLength"] for call in needed]
        assert told["Statistics"]["DataScannedInBytes"] == sum(sizes), query
