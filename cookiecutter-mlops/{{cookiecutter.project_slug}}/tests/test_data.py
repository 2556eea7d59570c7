import datetime
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from training.cells import DataError
from training.data import load_table, split
from training.files import data_version
from training.settings import Data, parse_settings

HEADER = "price,size,colour,sold,day"
ROWS = ["10.5,1,red,yes,2024-01-31", "20,,blue,no,", "0,3,NA,TRUE,2020-01-01", ",4,red,0,2024-02-29"]


@pytest.fixture
def table(tmp_path):
    """Write a csv: a header and lines."""

    def write(*lines: str, header: str = HEADER, name: str = "houses.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


def test_table_is_typed(table, settings):
    rows = load_table(table(*ROWS), settings)
    assert rows["price"].tolist() == [10.5, 20, 0]  # a row without the target teaches nothing
    assert rows["size"].isna().tolist() == [False, True, False]
    assert rows["colour"].isna().tolist() == [False, False, True]
    assert rows["sold"].tolist() == [1, 0, 1]
    assert rows["day"].iloc[0] == pd.Timestamp("2024-01-31")


def test_table_with_semicolons_and_byte_order_mark(table, settings):
    path = table(*(row.replace(",", ";") for row in ROWS), header="\ufeff" + HEADER.replace(",", ";"))
    assert len(load_table(path, settings)) == 3


def test_parquet_with_real_types(tmp_path, settings):
    path = tmp_path / "houses.parquet"
    pl.DataFrame(
        {
            "price": [1.0, 2, 3],
            "size": [1, 2, 3],
            "colour": ["red", None, "blue"],
            "sold": [True, False, True],
            "day": [datetime.date(2024, 1, 1)] * 3,
            "note": "ignored",
        }
    ).write_parquet(path)
    rows = load_table(path, settings)
    assert rows["sold"].tolist() == [1, 0, 1]
    assert list(rows) == ["price", "size", "colour", "sold", "day"]


def test_category_that_looks_like_a_missing_value(table, settings):
    columns = [{"name": "price", "type": "number"}, {"name": "region", "type": "category", "categories": ["NA", "EU"]}]
    settings = parse_settings(
        {
            "problem": {"type": "regression", "target": "price", "metric": "mae"},
            "gate": {"minimum_rows": 2},
            "columns": columns,
        }
    )
    assert load_table(table("1,NA", "2,EU", header="price,region"), settings)["region"].tolist() == ["NA", "EU"]


def test_category_of_whole_numbers_in_a_column_with_gaps(tmp_path, table):
    columns = [{"name": "bought", "type": "category", "categories": ["0", "1"]}, {"name": "size", "type": "number"}]
    settings = parse_settings(
        {
            "problem": {"type": "classification", "target": "bought", "metric": "accuracy"},
            "gate": {"minimum_rows": 2},
            "columns": columns,
        }
    )
    path = tmp_path / "shop.parquet"
    pl.DataFrame({"bought": [0.0, 1.0, None] * 5, "size": range(15)}).write_parquet(path)
    assert set(load_table(path, settings)["bought"]) == {"0", "1"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*ROWS, "abc,1,red,yes,"], ["houses.csv, row 6", "price must be a number from 0", "'abc'"]),
        ([*ROWS, "-1,1,red,yes,"], ["row 6", "price must be a number from 0", "'-1'"]),
        ([*ROWS, "inf,1,red,yes,"], ["price must be a number", "'inf'"]),
        ([*ROWS, "1,101,red,yes,"], ["size must be a number to 100", "'101'"]),
        ([*ROWS, "1,1,green,yes,"], ["colour must be one of red, blue", "'green'"]),
        ([*ROWS, "1,1,red,maybe,"], ["sold must be true or false", "'maybe'"]),
        ([*ROWS, "1,1,red,yes,31/12/2024"], ["day must be a date such as 2024-05-31", "'31/12/2024'"]),
        ([*ROWS, "1,1,red,yes,2019-12-31"], ["day must be a date", "from 2020-01-01", "'2019-12-31'"]),
        (["1,,red,yes,", "2,,red,yes,", "3,,red,yes,"], ["column 'size' is empty"]),
        (["1,1,red,,2024-01-01", *ROWS], ["column 'sold' may miss at most 0%", "row 2"]),
        (ROWS[:2], ["2 rows are too few", "minimum_rows asks for 3"]),
        ([], ["houses.csv", "empty"]),
    ],
)
def test_table_refused(table, settings, lines, words):
    with pytest.raises(DataError) as refusal:
        load_table(table(*lines), settings)
    assert [word for word in words if word not in str(refusal.value)] == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("price,size,color,sold,day", ["no column 'colour'", "color"]),
        ("price,size,size,sold,day", ["column 'size' occurs 2 times"]),
    ],
)
def test_header_refused(table, settings, header, words):
    with pytest.raises(DataError) as refusal:
        load_table(table(*ROWS, header=header), settings)
    assert [word for word in words if word not in str(refusal.value)] == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no.csv", None, "no such file"),
        ("notes.docx", b"x", "not read"),
        ("broken.xlsx", b"not a workbook", "cannot be read as xlsx"),
        ("broken.parquet", b"x", "cannot be read as parquet"),
        ("latin.csv", "price,año\n1,2\n".encode("latin-1"), "row 1: the byte 0xf1 is not UTF-8"),
        ("nothing.csv", b"", "empty"),
    ],
)
def test_file_refused(tmp_path, settings, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as refusal:
        load_table(tmp_path / name, settings)
    assert name in str(refusal.value)


@pytest.fixture
def snapshot(table, tmp_path):
    path = table(*ROWS)
    entry = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "20260101T000000Z-abcdef01", "files": [entry]}))
    return tmp_path


def test_snapshot_has_its_version(snapshot, settings):
    assert data_version(snapshot) == "20260101T000000Z-abcdef01"
    assert len(load_table(snapshot, settings)) == 3


def test_snapshot_changed_since_its_manifest(snapshot, settings):
    with (snapshot / "houses.csv").open("a") as file:
        file.write(ROWS[0] + "\n")
    with pytest.raises(DataError, match="changed since its manifest"):
        load_table(snapshot, settings)


def test_split_is_the_same_for_the_same_seed(settings):
    table = pd.DataFrame({"price": range(1000)})
    learn, judge = split(table, settings)
    assert 150 < len(judge) < 250
    assert judge.equals(split(table, settings)[1])
    assert sorted([*learn.index, *judge.index]) == list(table.index)
    for other in (split(table, settings, purpose=1), split(table, replace(settings, data=Data(seed=1)))):
        assert not judge.equals(other[1])


def test_row_stays_on_its_side_of_the_hold_out_in_a_later_snapshot(settings):
    table = pd.DataFrame({"price": range(1000), "colour": ["red", None] * 500})
    later = pd.concat([pd.DataFrame({"price": range(-300, 0), "colour": "blue"}), table]).sample(frac=1, random_state=0)
    known = split(later, settings)[1].query("price >= 0")
    assert set(known["price"]) == set(split(table, settings)[1]["price"])


def test_every_class_is_on_both_sides_of_the_hold_out(settings):
    of_classes = replace(settings, problem=replace(settings.problem, type="classification", target="colour"))
    for first in range(0, 500, 50):
        table = pd.DataFrame({"price": range(first, first + 50), "colour": list("abcdefghij") * 5})
        for side in split(table, of_classes):
            assert side["colour"].nunique() == 10


def test_server_is_without_what_reads_files():
    """The serving image installs requirements/serve.txt, which names none of the readers."""
    missing = "import sys; sys.modules.update(dict.fromkeys(['polars', 'fastexcel'])); import inference.handler"
    done = subprocess.run(
        [sys.executable, "-c", missing], cwd=Path(__file__).parent.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


CALLS = {
    "problem": {"type": "multilabel", "target": "wishes", "metric": "exact_match"},
    "data": {"group": "call", "holdout": 0.3},
    "gate": {"minimum_rows": 3},
    "columns": [
        {"name": "call", "type": "category", "missing": 0},
        {"name": "words", "type": "text"},
        {"name": "note", "type": "text", "training_only": True},
        {"name": "wishes", "type": "labels", "separator": "<div>", "categories": ["pay", "close"]},
    ],
}


def test_texts_and_labels_are_read(table):
    lines = ["1,None,x,pay<div>close<div>pay", "1,  ,y,close", "2,NA,,pay"]
    rows = load_table(table(*lines, header="call,words,note,wishes"), parse_settings(CALLS))
    assert rows["wishes"].tolist() == ["close|pay", "close", "pay"]
    assert rows["words"].tolist()[::2] == ["None", "NA"]  # an answer, in what people say
    assert pd.isna(rows["words"][1])


def test_label_that_nobody_knows_is_named(table):
    with pytest.raises(DataError, match=r"row 3: wishes must be one of pay, close, or some .* not 'pay<div>stay'"):
        load_table(table("1,a,,pay", "1,b,,pay<div>stay", header="call,words,note,wishes"), parse_settings(CALLS))


@pytest.mark.parametrize("memory", [None, 1e-9])
def test_rows_of_a_group_stay_together(table, memory):
    own = parse_settings(CALLS | {"data": CALLS["data"] | ({"memory_gb": memory} if memory else {})})
    lines = [f"{row // 5},{row},x,pay" for row in range(300)]
    learn, judge = split(load_table(table(*lines, header="call,words,note,wishes"), own), own)
    learned = pd.concat(list(learn)) if memory else learn
    assert 0.1 < judge["call"].nunique() / 60 < 0.5
    assert not set(learned["call"]) & set(judge["call"])
    assert len(learned) + len(judge) == 300


def test_request_holds_no_column_that_only_training_knows():
    assert [column.name for column in parse_settings(CALLS).features] == ["call", "words"]
