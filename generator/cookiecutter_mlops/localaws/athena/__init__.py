"""Athena that answers: SELECT over Glue's tables and the Parquet behind them in S3, executed by DuckDB.

`queries` is the life of a query, `tables` and `projection` say which objects a table has, `pruning` which
of them a query needs, `sql` turns Athena's dialect
into DuckDB's with sqlglot, `engine` runs it, `values` writes what came of it as Athena does. Both libraries are the
extra `athena`; without it a query answers 501, and everything else is as it was.
"""


def install() -> None:
    from cookiecutter_mlops.localaws import extension
    from cookiecutter_mlops.localaws.athena.responses import AthenaResponse

    extension.swap_responses("athena", AthenaResponse)
