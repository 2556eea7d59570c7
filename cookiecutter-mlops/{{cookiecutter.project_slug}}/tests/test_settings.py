import runpy
from pathlib import Path

import pytest

from training import options
from training.settings import SettingsError, load_settings, parse_settings

ROOT = Path(__file__).parent.parent
COLUMNS = [{"name": "price", "type": "number"}, {"name": "size", "type": "number"}]
CATEGORY = [COLUMNS[0], {"name": "kind", "type": "category"}]
GOOD = {"problem": {"type": "regression", "target": "price", "metric": "mae"}, "columns": COLUMNS}


def test_project_toml_of_this_project_is_right():
    settings = load_settings(ROOT / "project.toml")
    assert settings.target.name == settings.problem.target
    assert (ROOT / settings.data.sample).is_file()


def test_settings_have_defaults():
    settings = parse_settings(GOOD)
    assert settings.gate.improvement_over_baseline == 0.05
    assert [column.name for column in settings.features] == ["size"]


def test_hyperparameters_of_a_job_lie_over_those_of_the_file():
    settings = parse_settings(GOOD | {"model": {"hyperparameters": {"a": 1, "b": 2}}}).with_hyperparameters({"b": 3})
    assert settings.model.hyperparameters == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"problem": GOOD["problem"] | {"target": "prize"}}, ["target", "'prize'", "price, size"]),
        ({"problem": GOOD["problem"] | {"metric": "accuracy"}}, ["metric", "mae, rmse, r2", "'accuracy'"]),
        ({"problem": GOOD["problem"] | {"type": "ranking"}}, ["extraction or summarization", "'ranking'"]),
        ({"problem": {"type": "regression", "target": "price"}}, ["[problem]", "metric is missing"]),
        ({"problem": GOOD["problem"] | {"type": "classification", "metric": "accuracy"}}, ["category"]),
        ({"columns": [*COLUMNS, {"name": "size", "type": "number"}]}, ["each name must occur once"]),
        (
            {"columns": [COLUMNS[0], {"name": "size", "type": "integer"}]},
            ["'size'", "type must be one of", "'integer'"],
        ),
        (
            {"columns": [COLUMNS[0], {"name": "size", "type": "number", "missing": 20}]},
            ["missing", "from 0 to 1", "20"],
        ),
        ({"columns": [COLUMNS[0], {"name": "size", "type": "number", "minimum": "0"}]}, ["numbers, such as 0", "'0'"]),
        ({"columns": [COLUMNS[0], {"name": "day", "type": "date", "maximum": "soon"}]}, ["dates", "'soon'"]),
        ({"columns": [COLUMNS[0], {"name": "new", "type": "boolean", "minimum": 0}]}, ["must be left out"]),
        ({"columns": [COLUMNS[0], {"name": "kind", "type": "category", "categories": [0, 1]}]}, ["must be texts"]),
        ({"data": {"seed": -1}}, ["seed must be 0 or more"]),
        ({"columns": [COLUMNS[0]]}, ["at least one column"]),
        ({"gate": {"minimum_row": 5}}, ["'minimum_row'", "did you mean minimum_rows?"]),
        ({"gate": {"minimum_rows": "many"}}, ["minimum_rows", "whole number", "'many'"]),
        ({"gate": {"threshold": True}}, ["threshold", "number", "True"]),
        ({"gate": {"tolerance": 2}}, ["tolerance", "share", "2"]),
        ({"gate": {"require_live_comparison": 1}}, ["require_live_comparison", "true or false", "1"]),
        ({"gate": {"slices": ["size"]}}, ["slices", "{ region = 0.1 }"]),
        ({"gate": {"slices": {"size": 0.1}}}, ["'size'", "category or boolean"]),
        ({"gate": {"slice_rows": 0}}, ["slice_rows", "1 or more"]),
        ({"gate": {"minimum_rows": 0}}, ["minimum_rows", "1 or more"]),
        ({"gate": {"improvement_over_baseline": -0.1}}, ["improvement_over_baseline", "from 0 to 1", "-0.1"]),
        ({"gate": {"improvement_over_live": float("nan")}}, ["improvement_over_live", "from 0 to 1", "nan"]),
        ({"columns": CATEGORY, "gate": {"slices": {"kind": "much"}}}, ["kind", "share such as 0.1", "'much'"]),
        ({"gaet": {}}, ["'gaet'", "did you mean gate?"]),
        ({"data": {"holdout": 1.5}}, ["holdout", "between 0 and 1", "1.5"]),
        ({"data": 3}, ["[data]", "table"]),
    ],
)
def test_settings_refused(change, words):
    with pytest.raises(SettingsError) as refusal:
        parse_settings(GOOD | change)
    assert [word for word in words if word not in str(refusal.value)] == []


@pytest.mark.parametrize("content", [None, b"[problem", b"\xff\xfe"])
def test_settings_file_unreadable(tmp_path, content):
    path = tmp_path / "project.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"project\.toml"):
        load_settings(path)


def test_weights_are_left_out_where_none_lie(tmp_path, monkeypatch):
    lines = [line for line in (ROOT / "project.toml").read_text().splitlines() if not line.startswith("weights =")]
    named = "\n".join(lines).replace("[model]\n", '[model]\nweights = "own"\n', 1)
    (tmp_path / "project.toml").write_text(named)
    assert load_settings(tmp_path / "project.toml").model.weights == ""
    monkeypatch.delenv("MLOPS_WEIGHTS")
    assert load_settings(tmp_path / "project.toml").model.weights == "own"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_command_asks_the_use_case_too(monkeypatch):
    def check(settings):
        raise SettingsError(f"there is no {settings.model.name}")

    monkeypatch.chdir(ROOT)
    runpy.run_module("training.settings", run_name="__main__")
    monkeypatch.setattr(options, "check", check)
    with pytest.raises(SystemExit, match="there is no "):
        runpy.run_module("training.settings", run_name="__main__")
