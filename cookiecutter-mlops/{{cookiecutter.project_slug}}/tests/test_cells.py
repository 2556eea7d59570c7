"""A request's value and a table's cell are read by two pieces of code, which must agree about every value."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from training.cells import Wrong, reader
from training.rules import cast
from training.settings import Column

TEXTS = [
    *("", " ", "NA", "n/a", "NaN", "null", "None", "none ", "true", "TRUE", "Yes", "y", "t", "1", "f", "0", "no"),
    *("abc", "ünïcode", "名前", "\x00", "a\nb", "٣", "x" * 500),
    *("3.0", " 7 ", "1e3", "-.5", "5.", "+5", "1e", "1e+", "--1", "1_000", "1,5", "0x10", "1e999", "inf", "-Infinity"),
    *("9" * 30, "9" * 400, "0.1", "123456789.123456789", "2.35", "4.9e-324", "1e-400", "1 2", ".", "-", "e5"),
    *("2024-02-29", "2024-02-30", "2024-13-01", "0001-01-01", "1677-09-20", "2262-04-12", "1969-12-31T23:59:59Z"),
    *("2024-05-31T10:30", "2024-05-31 10:30:15.123456789", "2024-05-31T10:30:00+05:30", "2024-05-31T10:30:00-0800"),
    *("2024-05-31T25:00", "2024-05-31T10:61", "2024-05-31T10:30:15.1234567891", "2024-05-31Z", "2024-W01-1", "now"),
    *("31/05/2024", "20240531", "2024", "2024-05", "2024-5-1", "2024/05/31", "2024-05-31T10", "2024-05-31T", "today"),
]
VALUES = [None, True, False, 0, 1, -1, 3, 2**53 + 1, 10**30, 10**400, 0.0, -0.0, 0.1, 3.0, 1e22, 1e308, 5e-324, *TEXTS]
COLUMNS = [
    Column("number", "number"),
    Column("number", "number", minimum=0, maximum=100),
    Column("flag", "boolean"),
    Column("text", "category"),
    Column("text", "category", categories=("3", "NA", "True", "abc")),
    Column("words", "text"),
    Column("wishes", "labels"),
    Column("wishes", "labels", categories=("abc", "no", "3"), separator=","),
    Column("day", "date"),
    Column("day", "date", minimum=date(2000, 1, 1), maximum=date(2030, 1, 1)),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.type)
def test_value_is_read_like_a_cell_of_a_table(column):
    read = reader(column)
    differing = []
    for value in VALUES:
        cells, wrong = cast(pd.Series([value], dtype=object), column)
        expected = "wrong" if wrong[0] else None if pd.isna(cells[0]) else cells[0]
        try:
            got = read(value)
        except Wrong:
            got = "wrong"
        if got != got:
            got = None
        if isinstance(expected, pd.Timestamp):
            expected = expected.value
        if isinstance(expected, np.generic):
            expected = expected.item()
        close = {type(got), type(expected)} == {float} and math.isclose(got, expected, rel_tol=1e-12)
        if got != expected and not close:
            differing.append((value, got, expected))
    assert differing == []


def test_number_is_read_to_its_last_digit():
    read, rng = reader(Column("number", "number")), np.random.default_rng(0)
    numbers = [repr(number) for number in (rng.normal(size=2000) * 10.0 ** rng.integers(-20, 20, 2000)).tolist()]
    cells, _ = cast(pd.Series(numbers, dtype=object), Column("number", "number"))
    assert [read(number) for number in numbers] == [float(number) for number in numbers]
    assert np.allclose(cells, [float(number) for number in numbers], rtol=1e-12, atol=0)


@pytest.mark.parametrize("column", COLUMNS[:3] + COLUMNS[4:], ids=lambda column: column.type)
def test_list_or_object_is_no_value(column):
    for value in ([], {}, [1], {"a": 1}):
        with pytest.raises(Wrong):
            reader(column)(value)
