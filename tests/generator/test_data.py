"""A team's table becomes a schema and a synthetic sample, or one sentence says why not."""

import datetime
import math
import os
import tomllib
from pathlib import Path

import pandas
import pytest

from cookiecutter_mlops import data, sample, scaffold, schema
from cookiecutter_mlops.errors import MlopsError

REPOSITORY = Path(__file__).resolve().parents[2]
SALARIES = Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data")) / "salaries" / "cps1988.xlsx"


@pytest.fixture
def table() -> pandas.DataFrame:
    """200 invented people."""
    rows = range(200)
    return pandas.DataFrame(
        {
            "id": [1000 + row for row in rows],
            "name": [f"Person {row}" for row in rows],
            "salary": [20000.5 + 137 * (row % 90) for row in rows],
            "grade": [row % 7 for row in rows],
            "city": [("Madrid", "Bilbao", None)[row % 3] for row in rows],
            "postcode": [f"0{8000 + row % 20}" for row in rows],
            "manager": [row % 4 == 0 for row in rows],
            "hired_on": [datetime.date(2010 + row % 12, 1 + row % 12, 5) for row in rows],
            "country": ["ES"] * 200,
            "left": [("yes", "no")[row % 2] for row in rows],
        }
    )


def inferred(table: pandas.DataFrame, target: str, file: Path) -> schema.Schema:
    if file.suffix == ".ndjson":
        table.astype({"hired_on": str}).to_json(file, orient="records", lines=True)
    else:
        {".csv": table.to_csv, ".xlsx": table.to_excel, ".parquet": table.to_parquet}[file.suffix](file, index=False)
    return schema.infer(data.read(file), target, file.name)


@pytest.mark.parametrize("kind", [".csv", ".ndjson", ".xlsx", ".parquet"])
def test_schema_of_a_table_is_the_same_from_every_kind_of_file(table, tmp_path, kind):
    found = inferred(table, "salary", tmp_path / f"people{kind}")
    types = {column.name: column.type for column in found.columns}
    assert types == {
        "salary": "number",
        "grade": "number",
        "city": "category",
        "postcode": "category",
        "manager": "boolean",
        "hired_on": "date",
        "left": "category",
    }
    assert set(found.dropped) == {"id", "name", "country"}
    assert (found.problem, found.metric, found.rows) == ("regression", "mae", 200)


def test_ranges_are_widened_and_missing_rates_doubled(table, tmp_path):
    columns = {column.name: column for column in inferred(table, "salary", tmp_path / "people.csv").columns}
    assert (columns["salary"].minimum, columns["salary"].maximum) == (0, 50000)
    assert columns["city"].categories == ("Bilbao", "Madrid")
    assert columns["city"].missing_rate == pytest.approx(1 / 3, abs=0.01)
    assert columns["city"].missing == 0.7
    assert columns["grade"].missing == 0


@pytest.mark.parametrize("target", ["left", "grade", "manager", "city"])
def test_target_with_a_few_values_is_a_classification(table, tmp_path, target):
    found = inferred(table, target, tmp_path / "people.csv")
    assert found.problem == "classification"
    assert found.target.type in ("category", "boolean")


def test_semicolons_of_a_european_spreadsheet_are_read(table, tmp_path):
    table.to_csv(tmp_path / "people.csv", sep=";", index=False)
    assert "salary" in data.read(tmp_path / "people.csv")


@pytest.fixture(params=[("people.csv", ";"), ("people.tsv", "\t")], ids=["semicolons", "tabs"])
def german(table, tmp_path, request) -> Path:
    """The people of a German spreadsheet: one number has no decimals."""
    name, separator = request.param
    table.to_csv(tmp_path / name, sep=separator, decimal=",", index=False)
    return tmp_path / name


def test_decimal_commas_make_numbers_and_a_project_that_reads_them(german, tmp_path):
    found = schema.infer(data.read(german), "salary", german.name)
    assert (found.problem, found.target.minimum, found.target.maximum) == ("regression", 0, 50000)
    project = scaffold.create({"project_name": "People"}, tmp_path, lambda folder: sample.write(folder, found))
    settings = tomllib.loads((project / "project.toml").read_text())["data"]
    assert settings["decimal"] == ","
    drawn = pandas.read_csv(project / settings["sample"], sep=";", decimal=",")
    assert drawn["salary"].dtype == float and drawn["salary"].between(0, 50000).all()


def test_commas_between_commas_and_points_between_semicolons_are_no_decimal_commas(table, tmp_path):
    table.assign(pair=["3,5"] * 200).to_csv(tmp_path / "labels.csv", sep=";", index=False)
    table.to_csv(tmp_path / "quoted.csv", decimal=",", index=False)
    for name, kind in (("labels.csv", "number"), ("quoted.csv", "category")):
        read = data.read(tmp_path / name)
        assert data.DECIMAL not in read.attrs
        assert schema.infer(read, "left", name).features[0].type == kind


def test_points_between_thousands_are_told(german):
    text = german.read_text()
    german.write_text(text.replace("20000,5", "20.000,5"))
    with pytest.raises(MlopsError, match=r"'20\.000,5' in row 2; write it without points between thousands"):
        schema.infer(data.read(german), "salary", german.name)


BAD = {
    "unknown-target": (
        "salry",
        lambda t: t,
        "people.csv: there is no column 'salry' to predict; did you mean 'salary'?",
    ),
    "no-rows": ("salary", lambda t: t.head(0), "people.csv: the table is empty"),
    "few-rows": ("salary", lambda t: t.head(9), "people.csv: 9 rows are too few"),
    "all-missing": ("salary", lambda t: t.assign(grade=math.nan), "people.csv: column 'grade' is empty"),
    "missing-target": ("salary", lambda t: t.assign(salary=math.nan), "people.csv: column 'salary' is empty"),
    "text-in-numbers": (
        "salary",
        lambda t: t.assign(grade=[*range(199), "ten years"]),
        "people.csv: column 'grade' holds numbers, but 'ten years' in row 201",
    ),
    "impossible-date": (
        "salary",
        lambda t: t.assign(hired_on=["2020-01-05"] * 199 + ["2020-13-05"]),
        "people.csv: column 'hired_on' holds dates, but '2020-13-05' in row 201",
    ),
    "one-class": ("country", lambda t: t, "people.csv: column 'country' has one class only"),
    "text-target": ("name", lambda t: t, "people.csv: column 'name' cannot be predicted"),
    "no-name": ("salary", lambda t: t.rename(columns={"grade": ""}), "column 4 has no name"),
    "twice": ("salary", lambda t: t.rename(columns={"grade": "city"}), "column 'city' occurs 2 times"),
    "nothing-left": ("salary", lambda t: t[["id", "salary"]], "no column is left to learn 'salary' from"),
}


@pytest.mark.parametrize(("target", "change", "sentence"), BAD.values(), ids=BAD)
def test_bad_table_gets_a_sentence_with_file_column_and_rule(table, tmp_path, target, change, sentence):
    with pytest.raises(MlopsError) as refused:
        inferred(change(table), target, tmp_path / "people.csv")
    assert sentence in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.xlsx", None, "there is no such file; give a .csv, .tsv, .ndjson, .jsonl, .xlsx or .parquet file."),
        ("people.docx", b"x", "people.docx: files of this kind are not read"),
        ("broken.xlsx", b"not a workbook", "broken.xlsx: cannot be read as xlsx"),
        ("broken.parquet", b"not parquet", "broken.parquet: cannot be read as parquet"),
        ("latin.csv", "a\nprédit".encode("latin-1"), "latin.csv: .* the byte 0xe9 in row 2 is not UTF-8"),
        ("broken.ndjson", b"{", "broken.ndjson: cannot be read as ndjson"),
        ("empty.csv", b"", "empty.csv: the table is empty"),
    ],
)
def test_bad_file_gets_a_sentence(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MlopsError, match=sentence):
        data.read(tmp_path / name)


def test_synthetic_sample_obeys_the_schema_and_repeats(table, tmp_path):
    found = inferred(table, "salary", tmp_path / "people.csv")
    drawn = sample.synthetic(found)
    assert drawn.equals(sample.synthetic(found))
    assert len(drawn) >= found.minimum_rows
    for column in found.columns:
        values = drawn[column.name].dropna()
        assert not column.categories or set(values) <= set(column.categories)
        assert column.type != "number" or values.between(column.minimum, column.maximum).all()
        assert drawn[column.name].isna().mean() <= column.missing


def test_synthetic_sample_has_a_target_to_learn(table, tmp_path):
    drawn = sample.synthetic(inferred(table, "salary", tmp_path / "people.csv"))
    features = pandas.get_dummies(drawn.drop(columns=["salary", "hired_on"])).astype(float)
    correlations = features.corrwith(drawn["salary"].astype(float)).abs()
    assert correlations.max() > 0.3


@pytest.mark.parametrize("target", ["salary", "left"])
def test_project_from_data_describes_it(table, tmp_path, target):
    found = inferred(table, target, tmp_path / "people.csv")
    project = scaffold.create({"project_name": "People"}, tmp_path, lambda folder: sample.write(folder, found))
    settings = tomllib.loads((project / "project.toml").read_text())
    assert settings["problem"]["target"] == target
    assert [column["name"] for column in settings["columns"]] == [column.name for column in found.columns]
    assert settings["gate"]["minimum_rows"] == 100
    rows = pandas.read_csv(project / settings["data"]["sample"])
    assert list(rows) == [column["name"] for column in settings["columns"]]
    assert not set(rows.get("name", [])) & set(table["name"])


def test_data_for_a_use_case_with_its_own_columns_is_refused_and_leaves_nothing(table, tmp_path):
    found = inferred(table, "salary", tmp_path / "people.csv")
    given = {"project_name": "People", "use_case": "call-analytics"}
    with pytest.raises(MlopsError, match="without --data"):
        scaffold.create(given, tmp_path / "made", lambda folder: sample.write(folder, found))
    assert not (tmp_path / "made").exists()


def test_real_sample_has_real_rows_only_when_asked_for(table, tmp_path):
    found = inferred(table, "left", tmp_path / "people.csv")
    real = data.read(tmp_path / "people.csv")
    project = scaffold.create({"project_name": "People"}, tmp_path, lambda folder: sample.write(folder, found, real))
    rows = pandas.read_csv(project / "data" / "sample.csv", dtype=str, keep_default_na=False)
    assert rows.equals(real[list(rows)])


@pytest.mark.skipif(not SALARIES.exists(), reason=f"real data: {SALARIES} is not there; set MLOPS_REAL_DATA")
def test_schema_of_the_real_salaries_is_what_a_person_would_write():
    found = schema.infer(data.read(SALARIES), "wage", SALARIES.name)
    types = {column.name: column.type for column in found.columns}
    numbers, categories = {"wage", "education", "experience"}, {"ethnicity", "smsa", "region", "parttime"}
    assert types == {**dict.fromkeys(numbers, "number"), **dict.fromkeys(categories, "category")}
    assert (found.problem, found.rows, found.dropped) == ("regression", 28155, {})
