"""Answers as a table for the data team: Parquet, exactly one row for each call, nothing in it that is private.

terraform/calls.json tells Athena the same columns.
"""

import io
from typing import Any

PARQUET = "application/vnd.apache.parquet"
COLUMNS = {
    "call": "string",
    "intents": "array<string>",
    "sentiment": "double",
    "feeling": "string",
    "group_id": "bigint",
    "group_name": "string",
    "turns": "bigint",
    "seconds": "double",
    "silence": "double",
    "longest_silence": "double",
    "overlap": "double",
    "text": "string",
    "problem": "string",
}


def parquet(answer: dict[str, list[Any]]) -> bytes:
    """A Parquet file of an answer of inference/handler.py."""
    import polars as pl  # by those who write tables only: a server starts without it

    types: dict[str, Any] = {"string": pl.String, "double": pl.Float64, "bigint": pl.Int64}
    types["array<string>"] = pl.List(pl.String)
    rows = [_row(detail) for detail in answer["details"]]
    table = pl.DataFrame(rows, schema={name: types[kind] for name, kind in COLUMNS.items()}, orient="row")
    written = io.BytesIO()
    table.write_parquet(written)
    return written.getvalue()


def _row(detail: dict[str, Any]) -> list[Any]:
    """Values of slots are left out: they are what redaction hides in the text."""
    group, turns, problem = detail.get("group", {}), detail["turns"], detail.get("problem")
    text = "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in turns)
    own = {"group_id": group.get("id"), "group_name": group.get("name"), "turns": len(turns), "text": text}
    own |= {name: None for name in ("sentiment", "feeling", "text") if problem}
    return [(detail | own).get(name) for name in COLUMNS]
