"""Rows like those of the tabular sample, as many as wanted: each is one of the sample's with seeded noise.

Run with a project's own Python, in its folder: python rows.py ROWS FILE...   (.csv, .ndjson, .xlsx)
"""

import sys
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl

AT_ONCE = 500_000


def rows(sample: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """Rows of a sample with seeded noise on two of its columns, so that no two are alike."""
    rng = np.random.default_rng(seed)
    drawn = sample[rng.integers(0, len(sample), count)]
    wages = (drawn["salary"].to_numpy() * np.exp(rng.normal(0, 0.1, count))).round(2)
    years = (drawn["experience_years"].to_numpy() + rng.uniform(0, 2, count)).round(1)
    return drawn.with_columns(salary=wages, experience_years=years)


def write_workbook(table: pl.DataFrame, file: Path) -> None:
    """Write a table as .xlsx, row by row."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for cells in [table.columns, *table.iter_rows()]:
        sheet.append(cells)
    book.save(file)


def main(count: int, files: list[Path]) -> None:
    sample = pl.read_csv("data/sample.csv")
    for file in files:
        if file.suffix == ".xlsx":
            write_workbook(rows(sample, count, 0), file)
            continue
        with file.open("wb") as out:
            for start in range(0, count, AT_ONCE):
                part = rows(sample, min(AT_ONCE, count - start), start)
                if file.suffix == ".csv":
                    part.write_csv(out, include_header=start == 0)
                else:
                    part.write_ndjson(out)


if __name__ == "__main__":
    main(int(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
