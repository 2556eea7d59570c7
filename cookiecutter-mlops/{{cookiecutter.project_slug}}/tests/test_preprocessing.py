"""Raw files become shards: each row once, what is wrong told by file. Ray, which only hands out batches, is absent."""

import hashlib
import json
import sys
from collections import Counter

import polars as pl
import pytest

from preprocessing import batch, cluster, run, tables
from preprocessing.batch import Folders
from training.cells import DataError
from training.hosts import Hosts
from training.settings import UserError


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "source").mkdir()
    return Folders(tmp_path / "source", tmp_path / "labels", tmp_path / "target")


def numbers(name, source, labels):
    """A reader of one number a line."""
    for line in (source / name).read_text().splitlines():
        if line == "end":
            raise DataError(f"{name}: the rest is missing.")
        yield pl.DataFrame({"number": [int(line)]}) if line.isdigit() else DataError(f"{name}: {line} is no number.")


def rows(folders):
    return Counter(pl.concat([pl.read_parquet(path) for path in folders.target.glob("*.parquet")])["number"].to_list())


def test_files_become_batches_and_hidden_ones_none(folders):
    for name in ("b/2", "a", "_SUCCESS", ".x/y", "b/1"):
        (folders.source / name).parent.mkdir(exist_ok=True)
        (folders.source / name).touch()
    assert batch.batches(folders.source, 2) == [["a"], ["b/1"], ["b/2"]]
    for number in range(5 * batch.LEAST):
        (folders.source / f"c{number}").touch()
    assert {len(names) for names in batch.batches(folders.source, 2)} == {2, 1}
    assert len(batch.batches(folders.source, 9)) == batch.LEAST + 1


def test_shard_holds_no_more_rows_than_asked_for_and_its_sum_is_told(folders):
    (folders.source / "a").write_text("1\n2\n3\n")
    (folders.source / "b").write_text("4\n5\n")
    told = batch.prepare(["a", "b"], folders, numbers, most=2)
    assert [item["rows"] for item in told["items"]] == [3, 2]
    assert [len(pl.read_parquet(folders.target / name)) for name in told["shards"]] == [2, 2, 1]
    for name, sha256 in told["shards"].items():
        assert hashlib.sha256((folders.target / name).read_bytes()).hexdigest() == sha256
    assert sorted(path.name for path in folders.target.iterdir()) == sorted(told["shards"])


def test_large_table_is_cut_into_shards(folders):
    told = batch.prepare(["a"], folders, lambda *_: iter([pl.DataFrame({"number": list(range(7))})]), most=3)
    assert len(told["shards"]) == 3
    assert rows(folders) == Counter(range(7))


def test_batch_that_is_done_again_replaces_itself(folders):
    (folders.source / "a").write_text("1\n2\n")
    first = batch.prepare(["a"], folders, numbers, most=1)
    assert batch.prepare(["a"], folders, numbers, most=1) == first
    assert rows(folders) == Counter([1, 2])


def test_bad_parts_and_files_are_told_and_the_rest_goes_on(folders):
    (folders.source / "a").write_text("1\nx\n2\n")
    (folders.source / "b").write_text("3\nend\n4\n")
    (folders.source / "c").write_text("")
    (folders.source / "d").write_text("5\n")
    items = batch.prepare(["a", "b", "c", "d"], folders, numbers)["items"]
    assert {item["item"]: (item["rows"], item["problems"]) for item in items} == {
        "a": (2, ["a: x is no number."]),
        "b": (1, ["b: the rest is missing."]),
        "c": (0, ["c: there is no row in it."]),
        "d": (1, []),
    }
    assert rows(folders) == Counter([1, 2, 3, 5])


def test_sentences_about_one_file_have_an_end(folders):
    (folders.source / "a").write_text("x\n" * (batch.MOST + 3))
    (item,) = batch.prepare(["a"], folders, numbers)["items"]
    assert (len(item["problems"]), item["problems"][-1]) == (batch.MOST + 1, "and 3 more")


def done(name, rows=1, problems=(), **shards):
    return {"items": [{"item": name, "rows": rows, "problems": list(problems)}], "shards": shards}


def test_report_counts_files_and_rows_and_names_what_is_wrong():
    told = run.summary(["a", "b"], [done("a", 3, p1="1"), done("b", 0, ["b: is broken."], p2="2")])
    assert told == {"files": 2, "rows": 3, "problems": {"b": ["b: is broken."]}, "shards": {"p1": "1", "p2": "2"}}


@pytest.mark.parametrize(
    ("listed", "found"),
    [(["a", "b"], ["a"]), (["a"], ["a", "a"]), (["a", "a"], ["a", "a"]), (["a"], ["a", "b"])],
    ids=["lost", "done twice", "on two hosts", "of nobody"],
)
def test_file_that_was_not_done_exactly_once_ends_the_job(listed, found):
    with pytest.raises(UserError, match="1 files were not read exactly once"):
        run.summary(listed, [done(name) for name in found])


def test_job_without_a_row_says_why():
    with pytest.raises(UserError, match=r"none of 2 files has a row.*b: is broken"):
        run.summary(["a", "b"], [done("b", 0, ["b: is broken."]), done("a", 0, ["a: is, too."])])


def test_first_host_by_name_is_the_head(tmp_path):
    (tmp_path / "config").mkdir()
    told = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]}
    (tmp_path / "config/resourceconfig.json").write_text(json.dumps(told))
    assert cluster.hosts(tmp_path) == Hosts(("algo-1", "algo-2"), "algo-2")
    assert not cluster.hosts(tmp_path).first
    assert cluster.hosts(tmp_path / "none") == Hosts()


def test_machine_without_ray_says_how_to_get_it(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"-r preprocess.txt"):
        run.main([str(folders.source)])
    with pytest.raises(UserError, match="must be a folder"):
        run.main([str(folders.source / "none")])


@pytest.fixture
def table(settings, folders, monkeypatch):
    """Reads a CSV file of the small problem: its rows, and the sentences about the others."""
    monkeypatch.setattr(tables, "load_settings", lambda: settings)

    def read(text):
        (folders.source / "a.csv").write_text(f"price,size,colour,sold,day\n{text}")
        told, good = [], []
        try:
            for part in tables.read("a.csv", folders.source, folders.labels):
                told.append(str(part)) if isinstance(part, DataError) else good.append(part)
        except DataError as error:
            told.append(str(error))
        return (pl.concat(good) if good else pl.DataFrame()), told

    return read


def test_rows_that_break_a_rule_are_told_by_number_and_the_others_are_typed(table):
    good, told = table(
        "1,2,red,yes,2024-01-31\n2,200,red,no,\n\n3,,blue,no,\n-4,1,red,no,\n5,1,pink,no,\n6,1,red,no,\n"
    )
    assert [sentence.split(" must be")[0] for sentence in sorted(told)] == [
        "a.csv, row 3: size", "a.csv, row 6: price", "a.csv, row 7: colour"
    ]  # fmt: skip
    assert good["price"].to_list() == [1, 3, 6]
    assert good.schema["day"] == pl.Datetime("ns")


def test_table_of_other_columns_and_one_that_is_cut_off_are_told(table, monkeypatch):
    assert "what follows is left out" in table('1,2,red,yes,\n2,2,"red,no,\n')[1][-1].lower()
    monkeypatch.setattr(tables, "MOST", 2)
    assert "more than 2 rows break a rule" in table("-1,2,red,yes,\n" * 9)[1][-1]


def test_table_without_a_column_is_told(table, folders):
    (folders.source / "b.csv").write_text("price\n1\n")
    with pytest.raises(DataError, match=r"b\.csv: there is no column 'size'; it has price"):
        list(tables.read("b.csv", folders.source, folders.labels))
