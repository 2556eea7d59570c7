"""Infer from a table what `project.toml` says about it: the problem, and each column's type, range and missing rate."""

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops import answers
from cookiecutter_mlops.data import DECIMAL
from cookiecutter_mlops.errors import MlopsError

if TYPE_CHECKING:
    import pandas

MISSING = {"", "na", "n/a", "nan", "nat", "null", "none", "<na>"}
MINIMUM_ROWS = 50
MOST_CATEGORIES = 50
MOST_NUMERIC_CLASSES = 10  # a number with so few whole values is a class
SMALLEST_CLASS = 5
MOSTLY = 0.8  # of the values are numbers: then the others are mistakes
THOUSANDS = r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"  # beside decimal commas; projects refuse them, too
ID_NAME = re.compile(r"(?:^|[_\W])(?:id|uuid|guid|key|index|row|nr|no)$|^unnamed", re.IGNORECASE)
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ].*)?"
QUANTILES = [p / 100 for p in range(5, 100, 5)]  # the extremes, which may point at one person, stay out


@dataclass(frozen=True)
class Column:
    """One column: its rules, and the statistics that a synthetic sample is drawn from."""

    name: str
    type: str
    missing_rate: float = 0.0
    minimum: Any = None
    maximum: Any = None
    categories: tuple[str, ...] = ()
    frequencies: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    whole: bool = False

    @property
    def missing(self) -> float:
        """The largest share of missing values to accept: about twice what was seen, in steps of five per cent."""
        return _plain(min(1.0, math.ceil(2 * self.missing_rate * 20) / 20))


@dataclass(frozen=True)
class Schema:
    """What a table is about."""

    target: Column
    features: tuple[Column, ...]
    problem: str
    metric: str
    rows: int
    dropped: dict[str, str] = field(default_factory=dict)
    decimal: str = "."

    @property
    def columns(self) -> tuple[Column, ...]:
        return (self.target, *self.features)

    @property
    def minimum_rows(self) -> int:
        return min(500, self.rows // 2)


def infer(table: "pandas.DataFrame", target: str, source: str) -> Schema:
    """Return the schema of `table`; raise MlopsError with file, column and rule where it cannot be learnt from."""
    names = list(table.columns)
    if target not in names:
        raise MlopsError(f"{source}: there is no column {target!r} to predict{answers.suggestion(target, names)}")
    if len(table) < MINIMUM_ROWS:
        raise MlopsError(f"{source}: {len(table)} rows are too few to learn from, at least {MINIMUM_ROWS} are needed.")
    decimal = table.attrs.get(DECIMAL, ".")
    columns = {name: _column(table[name], source, name == target, decimal) for name in names}
    dropped = {n: why for n in names if n != target and (why := _useless(table[n], columns[n], decimal))}
    features = tuple(columns[n] for n in names if n != target and n not in dropped)
    if not features:
        raise MlopsError(
            f"{source}: no column is left to learn {target!r} from; each one is constant or an identifier."
        )
    problem, metric = _problem(columns[target], source)
    return Schema(columns[target], features, problem, metric, len(table), dropped, decimal)


def text_of(cell: object) -> str:
    """Return one text for a value, whether it came from csv, Excel or parquet: 3.0 is the category 3."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def present(cells: "pandas.Series") -> "pandas.Series":
    """Return the texts of the cells that hold a value."""
    text = cells.astype(object).map(text_of)
    return text[~(cells.isna() | text.str.lower().isin(MISSING))]


def _column(cells: "pandas.Series", source: str, is_target: bool, decimal: str) -> Column:
    text, name = present(cells), str(cells.name)
    if text.empty:
        raise MlopsError(f"{source}: column {name!r} is empty, every value is missing; fill it or delete it.")
    rate = 1 - len(text) / len(cells)
    if set(text.str.lower().unique()) <= {"true", "false"}:
        return Column(name, "boolean", rate, frequencies=(float((text.str.lower() == "true").mean()),))
    numbers = _numbers(text, source, name, decimal)
    if numbers is not None and not (is_target and _is_class(numbers)):
        return _number(name, rate, numbers)
    if text.str.fullmatch(ISO_DATE).all():
        return _date(name, rate, text, source)
    return _category(name, rate, text)


def _numbers(text: "pandas.Series", source: str, name: str, decimal: str) -> "pandas.Series | None":
    if text.str.fullmatch(r"0\d+").any():
        return None  # 00812 is a code
    numbers = _parsed(text, decimal)
    wrong = numbers.isna()
    grouped = wrong & text.str.fullmatch(THOUSANDS)
    if (wrong & ~grouped).mean() > 1 - MOSTLY:
        return None
    if wrong.any():
        row, value = wrong.idxmax(), text[wrong.idxmax()]
        cure = "write it without points between thousands" if grouped[row] else "mend or empty it"
        raise MlopsError(f"{source}: column {name!r} holds numbers, but {value!r} in row {row + 2}; {cure}.")
    return numbers


def _parsed(text: "pandas.Series", decimal: str) -> "pandas.Series":
    """Return the numbers in texts, NaN for what is none; where commas are decimal, so is a text with a point."""
    import pandas

    if decimal == ",":
        text = text.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)
    return pandas.to_numeric(text, errors="coerce").replace([math.inf, -math.inf], math.nan)


def _is_class(numbers: "pandas.Series") -> bool:
    return numbers.nunique() <= MOST_NUMERIC_CLASSES and bool((numbers % 1 == 0).all())


def _number(name: str, rate: float, numbers: "pandas.Series") -> Column:
    low, high = float(numbers.min()), float(numbers.max())
    whole = bool((numbers % 1 == 0).all())
    quantiles = tuple(float(q) for q in numbers.quantile(QUANTILES))
    minimum, maximum = _widened(low, high)
    return Column(name, "number", rate, minimum, maximum, quantiles=quantiles, whole=whole)


def _widened(low: float, high: float) -> tuple[float, float]:
    """Return a range as wide again on each side, rounded outwards: new data may go a little further than this file."""
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span))
    minimum = math.floor((low - span) / step) * step
    maximum = math.ceil((high + span) / step) * step
    return _plain(max(0.0, minimum) if low >= 0 else minimum), _plain(maximum)


def _plain(value: float) -> float:
    value = float(f"{value:.6g}")
    return int(value) if value.is_integer() else value


def _date(name: str, rate: float, text: "pandas.Series", source: str) -> Column:
    import pandas

    dates = pandas.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    if dates.isna().any():
        row, value = dates.isna().idxmax(), text[dates.isna().idxmax()]
        raise MlopsError(f"{source}: column {name!r} holds dates, but {value!r} in row {row + 2}; mend or empty it.")
    first = (dates.min() - (dates.max() - dates.min())).date().replace(month=1, day=1)
    days = (dates - pandas.Timestamp(0, tz="UTC")).dt.days
    return Column(name, "date", rate, minimum=first, quantiles=tuple(float(q) for q in days.quantile(QUANTILES)))


def _category(name: str, rate: float, text: "pandas.Series") -> Column:
    shares = text.value_counts(normalize=True).sort_index()
    if len(shares) > MOST_CATEGORIES:
        return Column(name, "category", rate)  # any text will do
    return Column(name, "category", rate, categories=tuple(shares.index), frequencies=tuple(map(float, shares)))


def _useless(cells: "pandas.Series", column: Column, decimal: str) -> str | None:
    """Return why a model cannot learn from a column, or None."""
    text = present(cells)
    different = text.nunique()
    if different == 1:
        return "has one value only"
    if column.type == "category" and not column.categories and different > len(text) / 2:
        return "is an identifier or free text"
    if column.type == "number" and column.whole and different == len(text):
        numbers = _parsed(text, decimal)
        if ID_NAME.search(column.name) or numbers.max() - numbers.min() == different - 1:
            return "is an identifier"
    return None


def _problem(target: Column, source: str) -> tuple[str, str]:
    if target.type == "number":
        return "regression", "mae"
    where = f"{source}: column {target.name!r}"
    if target.type == "date" or not target.frequencies:
        raise MlopsError(f"{where} cannot be predicted: a target is a number or has at most {MOST_CATEGORIES} classes.")
    shares = target.frequencies if target.type == "category" else (target.frequencies[0], 1 - target.frequencies[0])
    if max(shares) == 1:
        raise MlopsError(f"{where} has one class only; two are needed.")
    return "classification", "accuracy" if min(shares) > 0.2 else "f1_macro"
