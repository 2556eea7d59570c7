"""One execution of a query, as it is kept; it is over when it is first seen."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cookiecutter_mlops.localaws.athena.exceptions import USER


@dataclass
class Column:
    """A column of a result; `type` is Athena's name."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0

    def shown(self) -> dict[str, Any]:
        """The ColumnInfo of GetQueryResults."""
        names = {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": self.name, "Label": self.name}
        size = {"Type": self.type, "Precision": self.precision, "Scale": self.scale}
        return names | size | {"Nullable": "UNKNOWN", "CaseSensitive": self.type in ("varchar", "char")}


@dataclass
class Execution:
    """One query: what was asked, and how it ended."""

    id: str
    query: str
    context: dict[str, str]  # Catalog and Database
    workgroup: str
    output: dict[str, Any]  # ResultConfiguration, with the result's own address
    token: str
    parameters: list[str]
    submitted: datetime
    completed: datetime | None = None
    state: str = "RUNNING"
    reason: str = ""
    scanned: int = 0  # bytes
    milliseconds: int = 0
    columns: list[Column] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The QueryExecution of GetQueryExecution."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted.timestamp()}
        if self.completed:
            status["CompletionDateTime"] = self.completed.timestamp()
        if self.reason:
            error = {"ErrorCategory": USER, "Retryable": False, "ErrorMessage": self.reason}
            status |= {"StateChangeReason": self.reason, "AthenaError": error}
        times = ("EngineExecutionTimeInMillis", "TotalExecutionTimeInMillis")
        shown = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": "DML",
            "SubstatementType": "SELECT",
            "ResultConfiguration": self.output,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": dict.fromkeys(times, self.milliseconds) | {"DataScannedInBytes": self.scanned},
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        return shown | ({"ExecutionParameters": self.parameters} if self.parameters else {})
