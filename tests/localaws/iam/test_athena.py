"""A query asks Glue, S3 and KMS in the name of whoever started it."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION
from tests.localaws.iam.conftest import allow
from tests.localaws.lake import Lake

pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

QUERY = "SELECT call FROM calls"


@pytest.fixture
def lake(strict):
    made = Lake(strict.client)
    made.put("calls/a.parquet", ("c1", [], 1, 0.0))
    made.table()
    return made


@pytest.fixture
def needed(lake):
    """What a role needs for a query, by what is refused without it."""
    glue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    tables = [f"{glue}:catalog", f"{glue}:database/{lake.database}", f"{glue}:table/{lake.database}/calls"]
    workgroup, bucket = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/primary", f"arn:aws:s3:::{lake.bucket}"
    return {
        "athena": allow(["athena:StartQueryExecution", "athena:GetQueryExecution"], workgroup),
        "glue": allow("glue:GetTable", tables),
        "read": allow("s3:GetObject", f"{bucket}/calls/*"),
        "list": allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        "write": allow("s3:PutObject", f"{bucket}/results/*"),
    }


def test_role_with_everything_that_a_query_needs_gets_its_rows(strict, lake, needed):
    caller = strict.role(*needed.values())
    assert lake.ended(QUERY, caller.client)["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("glue", "Insufficient permissions to execute the query. User: {}"),
        ("read", "PERMISSION_DENIED: Permission denied on S3 path: s3://"),
        ("write", "Access denied when writing output to url: s3://"),
    ],
)
def test_query_of_a_role_without_a_permission_fails(strict, lake, needed, missing, words):
    caller = strict.role(*(statement for name, statement in needed.items() if name != missing))
    status = lake.ended(QUERY, caller.client)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(words.format(caller.arn))


@pytest.mark.parametrize(
    ("missing", "words"),
    [("athena", "athena:StartQueryExecution"), ("list", "Unable to verify/create output bucket")],
)
def test_query_of_a_role_without_a_permission_is_refused(strict, lake, needed, missing, words):
    caller = strict.role(*(statement for name, statement in needed.items() if name != missing))
    with pytest.raises(ClientError, match=words):
        lake.start(QUERY, caller.client)
