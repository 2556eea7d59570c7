"""The life of a query: checked, executed at once in the name of whoever asked, its result written to S3.

The caller gets the id when the query is over, so that its first look at it sees the end; on AWS it may have to wait.
"""

import time
import uuid
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.athena import engine, sql, tables, values
from cookiecutter_mlops.localaws.athena.exceptions import InvalidRequestException, QueryCancelled, QueryFailed
from cookiecutter_mlops.localaws.athena.models import Execution
from cookiecutter_mlops.localaws.athena.pruning import pruned
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import storage


def start(backend: Any, request: dict[str, Any]) -> Execution:
    """Execute a query, or return the execution that the same token has started."""
    engine.require()
    if known := _repeated(backend, request):
        return known
    name = request.get("WorkGroup") or "primary"
    group = backend.work_groups.get(name)
    if group is None:
        raise InvalidRequestException(f"WorkGroup {name} is not found.")
    if group.state == "DISABLED":
        raise InvalidRequestException(f"WorkGroup {name} is disabled.")
    tree = sql.parsed(request["QueryString"])
    execution = _new(backend, request, group)
    backend.executions[execution.id] = execution
    begin = time.monotonic()
    try:
        _execute(backend, execution, tree, group.configuration.get("BytesScannedCutoffPerQuery"))
        execution.state = "SUCCEEDED"
    except QueryFailed as error:
        execution.state = "CANCELLED" if isinstance(error, QueryCancelled) else "FAILED"
        execution.reason = str(error)
    except Exception:
        del backend.executions[execution.id]  # answered with an error; nobody learns its id
        raise
    execution.completed, execution.milliseconds = clock.now(), int((time.monotonic() - begin) * 1000)
    return execution


def _repeated(backend: Any, request: dict[str, Any]) -> Execution | None:
    token = request.get("ClientRequestToken")
    known = next((each for each in backend.executions.values() if token and each.token == token), None)
    if known and known.query != request["QueryString"]:
        raise InvalidRequestException("Idempotent parameters do not match")
    return known


def _new(backend: Any, request: dict[str, Any], group: Any) -> Execution:
    identifier = str(uuid.uuid4())
    output = _output(backend, request, group.configuration)
    given = request.get("QueryExecutionContext") or {}
    context = {
        "Catalog": given.get("Catalog", sql.CATALOG).lower(),
        "Database": given.get("Database", "default").lower(),
    }
    if context["Catalog"] != sql.CATALOG:
        raise InvalidRequestException(f"Catalog {given['Catalog']} is not found.")
    return Execution(
        identifier, request["QueryString"], context, group.name,
        output | {"OutputLocation": f"{output['OutputLocation'].rstrip('/')}/{identifier}.csv"},
        request.get("ClientRequestToken", ""), request.get("ExecutionParameters") or [], clock.now(),
    )  # fmt: skip


def _output(backend: Any, request: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """Where the result goes: a workgroup that enforces its settings wins, otherwise the request does."""
    of_group, own = configuration.get("ResultConfiguration") or {}, request.get("ResultConfiguration") or {}
    chosen = of_group if configuration["EnforceWorkGroupConfiguration"] else of_group | own
    if not chosen.get("OutputLocation"):
        raise InvalidRequestException(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    bucket, _ = storage.split(chosen["OutputLocation"])
    there = acting.may("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}") and storage.exists(backend.account_id, bucket)
    if not there:
        raise InvalidRequestException(f"Unable to verify/create output bucket {bucket}")
    return dict(chosen)


def _execute(backend: Any, execution: Execution, tree: Any, cutoff: int | None) -> None:
    account, region, now = backend.account_id, backend.region_name, clock.now()
    tree = sql.filled(tree, execution.parameters)
    named = sql.used(tree, execution.context["Database"])
    found = [pruned(tree, tables.find(account, region, *name, place), now) for name, place in named.items()]
    execution.scanned = sum(one.size for table in found for one in table.objects)
    if cutoff and execution.scanned > cutoff:
        raise QueryCancelled("Bytes scanned limit was exceeded")
    query = sql.translated(tree, found, now)
    execution.columns, execution.rows = engine.run(query, tree, found, lambda one: tables.read(account, one))
    _write(account, execution)


def _write(account: str, execution: Execution) -> None:
    """Put the result's file where the workgroup says, encrypted as it says."""
    address = execution.output["OutputLocation"]
    sealed = execution.output.get("EncryptionConfiguration") or {}
    content = values.csv(execution.columns, execution.rows)
    try:
        storage.write(account, address, content, sealed.get("EncryptionOption", ""), sealed.get("KmsKey", ""))
    except AwsError as error:
        raise QueryFailed(
            f"Access denied when writing output to url: {address} . Please ensure you are allowed to access the S3 "
            "bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access your "
            f"KMS key. {error.message}"
        ) from None
