"""Write what was inferred from a table into a project: its `project.toml`, and a small sample to begin with.

The sample is synthetic, drawn from the schema with a seed, because a team's real rows do not belong into git. Its
target follows from the other columns, by an invented rule, so that there is something to learn from the first day.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.schema import QUANTILES, SMALLEST_CLASS, Column, Schema

if TYPE_CHECKING:
    import numpy
    import pandas

INFERRED = ("regression", "classification")  # kinds of problems that a table tells
ROWS = 600
NOISE = 0.1


def write(project: Path, schema: Schema, real: "pandas.DataFrame | None" = None) -> None:
    """Replace the use case's own columns and sample with those of `schema`, and of `real` rows if they are given."""
    settings = project / "project.toml"
    settings.write_text(_settings(settings.read_text(encoding="utf-8"), schema), encoding="utf-8")
    sample = synthetic(schema) if real is None else _real(real, schema)
    file = project / "data" / "sample.csv"
    if schema.decimal == ",":
        _with_commas(sample).to_csv(file, index=False, sep=";")
    else:
        sample.to_csv(file, index=False)


def _with_commas(sample: "pandas.DataFrame") -> "pandas.DataFrame":
    """Return the sample with its numbers as they stand in the team's own files; real rows have them so already."""
    return sample.map(lambda cell: str(cell).replace(".", ",") if isinstance(cell, float) else cell)


def synthetic(schema: Schema, rows: int = ROWS) -> "pandas.DataFrame":
    """Draw a table from the schema, always the same one."""
    import numpy
    import pandas

    random = numpy.random.default_rng(0)
    places = {column.name: random.random(rows) for column in schema.features}
    weights = random.normal(size=len(places))
    score = sum(w * p for w, p in zip(weights, places.values(), strict=True)) + random.normal(scale=NOISE, size=rows)
    places = {schema.target.name: _ranks(score), **places}
    table = {column.name: _draw(column, places[column.name]) for column in schema.columns}
    for column in schema.features:
        table[column.name][random.random(rows) < column.missing_rate] = None
    return pandas.DataFrame(table)


def _ranks(score: "numpy.ndarray") -> "numpy.ndarray":
    return (score.argsort().argsort() + 0.5) / len(score)


def _draw(column: Column, places: "numpy.ndarray") -> "numpy.ndarray":
    """Return the values that stand at `places`, each from 0 to 1, of the column's distribution."""
    import numpy

    if column.type == "boolean":
        values: Any = numpy.where(places < 1 - column.frequencies[0], "false", "true")
    elif column.type == "category":
        values = _categories(column, places)
    else:
        values = numpy.interp(places, QUANTILES, column.quantiles)
        values = [_written(value, column) for value in values]
    return numpy.array(values, dtype=object)


def _categories(column: Column, places: "numpy.ndarray") -> list[str]:
    import numpy

    names = column.categories or tuple(f"text {number}" for number in range(1, 21))
    shares = numpy.maximum(column.frequencies or numpy.full(len(names), 1 / len(names)), 2 * SMALLEST_CLASS / ROWS)
    edges = numpy.cumsum(shares / shares.sum())[:-1]
    return [names[index] for index in numpy.searchsorted(edges, places)]


def _written(value: float, column: Column) -> Any:
    if column.type == "date":
        import datetime

        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=round(value))).isoformat()
    return round(value) if column.whole else float(f"{value:.4g}")


def _real(table: "pandas.DataFrame", schema: Schema) -> "pandas.DataFrame":
    """Return some real rows, with a few of each class."""
    import pandas

    table = table[[column.name for column in schema.columns]]
    if len(table) > ROWS:
        some = table.sample(n=ROWS, random_state=0)
        if schema.problem == "classification":
            some = pandas.concat([some, table.groupby(schema.target.name).head(2 * SMALLEST_CLASS)])
        table = table.loc[some.index.unique().sort_values()]
    return table


def _settings(text: str, schema: Schema) -> str:
    """Return the use case's `project.toml`, comments and all, with this problem and these columns in it."""
    import tomlkit

    if schema.decimal == ",":
        text = text.replace('# decimal = ","  ', 'decimal = ","    ')  # its comment says what it is
    document: Any = tomlkit.parse(text)
    if document["problem"]["type"] not in INFERRED:
        raise MlopsError(
            "--data: this use case has columns of its own, which no table tells; make the project without --data and "
            f"name yours in its project.toml (got: a problem of type {str(document['problem']['type'])!r})"
        )
    document["problem"].update({"type": schema.problem, "target": schema.target.name, "metric": schema.metric})
    document["gate"]["minimum_rows"] = schema.minimum_rows
    if schema.decimal == ",":
        document["data"]["decimal"] = schema.decimal
    columns = tomlkit.aot()
    for column in schema.columns:
        columns.append(_table(column))
    del document["columns"]
    document["columns"] = columns
    return tomlkit.dumps(document)


def _table(column: Column) -> Any:
    import tomlkit

    table = tomlkit.table()
    table.update({"name": column.name, "type": column.type})
    for key in ("minimum", "maximum"):
        if getattr(column, key) is not None:
            table[key] = getattr(column, key)
    if column.categories:
        table["categories"] = list(column.categories)
    table["missing"] = column.missing
    return table
