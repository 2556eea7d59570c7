"""Every kind of file, whole and broken: the same rows, or one sentence with the place."""

import gzip
import json
import subprocess
import sys

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pytest

from training import blocks, columns, rules, shards
from training.batches import check
from training.cells import DataError
from training.data import load_table, read_table
from training.readers import open_table
from training.settings import Column, parse_settings

HEADER = ["price", "size", "colour", "sold", "day"]
ROWS = [["10.5", "1", "red", "yes", "2024-01-31"], ["20", "", "blue", "no", ""], ["0", "3", "NA", "TRUE", "2020-01-01"]]


def delimited(separator=",", rows=ROWS, header=HEADER):
    return "".join(separator.join(cells) + "\n" for cells in [header, *rows])


def lines(rows=ROWS):
    return "".join(json.dumps(dict(zip(HEADER, cells, strict=True))) + "\n" for cells in rows)


def workbook(path, rows, header=HEADER):
    book = openpyxl.Workbook()
    for cells in [header, *rows]:
        book.active.append(cells)
    book.save(path)


FILES = {
    "a.csv": delimited().encode(),
    "semicolons.csv": delimited(";").encode("utf-8-sig"),
    "a.tsv": delimited("\t").encode(),
    "unicode-text.tsv": delimited("\t").encode("utf-16"),
    "carriage-returns.csv": delimited().replace("\n", "\r").encode(),
    "windows.csv": delimited().replace("\n", "\r\n").encode(),
    "no-last-newline.csv": delimited().strip().encode(),
    "blank-lines.csv": (delimited() + "\n\n").encode(),
    "quoted.csv": delimited(rows=[[f'"{cell}"' for cell in cells] for cells in ROWS]).encode(),
    "a.csv.gz": gzip.compress(delimited().encode()),
    "a.ndjson": lines().encode(),
    "a.jsonl": ("\n" + lines()).encode(),
    "a.ndjson.gz": gzip.compress(lines().encode()),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("block", [64, blocks.BLOCK])
def test_every_kind_of_file_gives_the_same_rows(tmp_path, settings, monkeypatch, name, block):
    monkeypatch.setattr(blocks, "BLOCK", block)
    (tmp_path / name).write_bytes(FILES[name])
    rows = load_table(tmp_path / name, settings)
    assert rows["price"].tolist() == [10.5, 20, 0]
    assert rows["size"].isna().tolist() == [False, True, False]
    assert rows["colour"].fillna("missing").tolist() == ["red", "blue", "missing"]
    assert rows["sold"].tolist() == [1, 0, 1]
    assert rows["day"].tolist() == [pd.Timestamp("2024-01-31"), pd.NaT, pd.Timestamp("2020-01-01")]


def test_rows_of_several_files_come_together(tmp_path, settings):
    for name in ("a.csv", "b.ndjson", "c.csv.gz"):
        (tmp_path / name).write_bytes(FILES[name.replace("b.", "a.").replace("c.", "a.")])
    assert len(load_table(tmp_path, settings)) == 9


def test_sheet_that_mixes_types_and_begins_below_the_first_row(tmp_path, settings):
    book = openpyxl.Workbook()
    day = pd.Timestamp("2024-01-31").to_pydatetime()
    for cells in [
        [],
        HEADER,
        [10.5, "1", " red ", True, day],
        [20, None, "blue", "no", "2024-02-01"],
        [],
        [3, 3, "red", 0],
    ]:
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    rows = load_table(tmp_path / "a.xlsx", settings)
    assert rows["price"].tolist() == [10.5, 20, 3]
    assert rows["colour"].tolist() == ["red", "blue", "red"]
    assert rows["sold"].tolist() == [1, 0, 0]
    assert rows["day"].tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01"), pd.NaT]
    book.active.append([1, 1, "mauve", 1])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match=r"a\.xlsx, row 7: colour must be one of red, blue, not 'mauve'"):
        check(tmp_path / "a.xlsx", settings)


def test_text_in_quotes_may_hold_separators_and_ends_of_lines(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    rows = [['"1"', "2", '"r""e,\nd"', "yes", ""]] * 9
    (tmp_path / "a.csv").write_text(delimited(rows=rows))
    assert read_table(tmp_path / "a.csv")["colour"].tolist() == ['r"e,\nd'] * 9


@pytest.mark.parametrize("text", ["U\\PRICE", "a\tb", "two\nlines", '12" pipe', "\x01", "é\u2028", "ends in \\"])
def test_an_object_in_a_json_line_keeps_its_escapes(tmp_path, text):
    values = [{"words": [text], text: 1}, text, [text], None, "[" + text]
    texts = [json.dumps({"document": value}) for value in values]
    (tmp_path / "a.jsonl").write_text("\r\n".join([texts[0], "", *texts[1:]]))
    table = open_table(tmp_path / "a.jsonl")
    cells = [cell for block in table.blocks() for cell in table.rows(block, ["document"])["document"]]
    assert [json.loads(cells[0]), cells[1:3], json.loads(cells[3]), *cells[4:]] == [
        values[0], [None, text], [text], None, "[" + text,
    ]  # fmt: skip


def test_half_a_character_in_an_object_is_read_as_a_question_mark(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"document": {"words": ["\\ud800"]}}')
    table = open_table(tmp_path / "a.jsonl")
    assert [table.rows(block, ["document"]).rows() for block in table.blocks()] == [[('{"words": ["?"]}',)]]


def test_decimal_commas_are_read_where_the_settings_say_so(tmp_path, settings):
    path = tmp_path / "spanish.csv"
    path.write_text(
        delimited(
            ";", rows=[["1,5", "", "red", "no", "2024-01-31"], ["-0", "1", "red", "no", ""], ["3", "", "NA", "no", ""]]
        )
    )
    with pytest.raises(DataError, match=r"row 2: price .* not '1,5'\. Decimal commas need `decimal = \",\"`"):
        check(path, settings)
    document = {"problem": vars(settings.problem), "gate": {"minimum_rows": 3}, "data": {"decimal": ","}}
    document["columns"] = [{"name": c.name, "type": c.type, "missing": 1} for c in settings.columns]
    assert load_table(path, parse_settings(document))["price"].tolist() == [1.5, 0, 3]
    path.write_text(delimited(";", rows=[["1.500,5", "1", "red", "no", "2024-01-31"]] * 3))
    with pytest.raises(DataError, match=r"row 2: price must be a number, not '1\.500,5'"):
        check(path, parse_settings(document))


GOOD = delimited()
BROKEN = {
    "long.csv": (GOOD + "1,2,red,yes,,7\n", "long.csv, row 5: 6 fields, but the header has 5"),
    "short.csv": (GOOD + "1,2\n" + "1,2,red,no,\n", "short.csv, row 5: 2 fields, but the header has 5"),
    "unclosed.csv": (GOOD + '1,"2,red,yes,\n', "a quotation mark is opened"),
    "only-a-header.csv": (GOOD.splitlines()[0], "the table is empty"),
    "twice.csv": (GOOD.replace("sold", "size"), "column 'size' occurs 2 times"),
    "late.csv": (GOOD + "1,2,caf\xe9,no,\n", "late.csv, row 5: the byte 0xe9 is not UTF-8"),
    "not.csv.gz": (GOOD, "cannot be read as csv: Not a gzipped file"),
    "words.csv": (GOOD + "ten,2,red,yes,\n", "words.csv, row 5: price must be a number from 0, not 'ten'"),
    "empty.ndjson": ("\n \n", "the table is empty"),
    "no.ndjson": (lines() + "\n{]\n", "no.ndjson, row 5: not a line of JSON"),
    "list.ndjson": (lines() + "[1, 2]\n", "list.ndjson, row 4: each line must be an object"),
    "nan.ndjson": (lines() + '{"price": NaN}\n', "NaN is no JSON value, write null"),
    "unknown.ndjson": ('{"price": 1}\n', "there is no column 'size'; it has price"),
    "nested.ndjson": (lines() + "\n" + lines([[[1], "", "red", "yes", ""]]), "row 5: price must be a number"),
}


@pytest.mark.parametrize("block", [32, blocks.BLOCK])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_refused_with_the_place(tmp_path, settings, monkeypatch, name, block):
    monkeypatch.setattr(blocks, "BLOCK", block)
    content, words = BROKEN[name]
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError) as refusal:
        check(tmp_path / name, settings)
    assert words in str(refusal.value)
    assert name in str(refusal.value)


def test_sheet_without_rows_is_refused(tmp_path, settings):
    for rows, header in (([], HEADER), ([], [])):
        workbook(tmp_path / "a.xlsx", rows, header)
        with pytest.raises(DataError, match="the table is empty"):
            check(tmp_path / "a.xlsx", settings)


WORDS = """1 -1 1.5 +5 .5 5. 1e3 1E-2 0x10 1_000 inf -Infinity nan NaN 1,5 1d 9007199254740993 true FALSE t NA n/a none
red Red 2024-05-31 2024-5-31 2024-05-31T10:00:00Z 31/05/2024 1500-01-01 0001-01-01 20240531 2024-02-30"""
CELLS = [*WORDS.split(), "", " ", " 7 ", " red", "2024-05-31 10:00:00", "\u0661", None]
RULES = [
    Column("x", "number"),
    Column("x", "number", minimum=0, maximum=5),
    Column("x", "date"),
    Column("x", "date", minimum="2024-01-01"),
    Column("x", "boolean"),
    Column("x", "category"),
    Column("x", "category", categories=("red", "NA", "1")),
]


@pytest.mark.parametrize("column", RULES, ids=str)
def test_batches_and_requests_obey_the_same_rules(column):
    expected, wrong = rules.cast(pd.Series(CELLS, dtype=object), column)
    typist, cells = columns.Typist([column]), pl.DataFrame({"x": pl.Series(CELLS, dtype=pl.String)})
    for _ in range(2):  # first judged, then remembered
        typed = shards.frame(typist(cells.filter(~wrong.to_numpy())), [column])["x"]
        pd.testing.assert_series_equal(typed, expected[~wrong].reset_index(drop=True), check_names=False)
    for cell in cells["x"].filter(wrong.to_numpy()):
        with pytest.raises(DataError, match="x must be"):
            typist(pl.DataFrame({"x": [cell]}))


def test_long_columns_are_typed_as_by_the_rules():
    rng = np.random.default_rng(0)
    cells = pd.Series(rng.normal(0, 1e6, 20_000).round(7).astype(str), dtype=object)
    cells[::7] = "NA"
    expected, _ = rules.cast(cells, RULES[0])
    typed = shards.frame(columns.Typist([RULES[0]])(pl.DataFrame({"x": cells.tolist()})), [RULES[0]])["x"]
    pd.testing.assert_series_equal(typed, expected, check_names=False, check_exact=True)


def test_checking_a_file_imports_neither_pandas_nor_numpy():
    code = "import sys, training.batches; print({'pandas', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
