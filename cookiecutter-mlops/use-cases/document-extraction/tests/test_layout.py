"""The transformer, tiny and with random weights: it learns, resumes exactly, and answers like the other model."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="requirements/layout.txt is not installed here")
pytest.importorskip("torch", reason="requirements/layout.txt is not installed here")

from training import layout, model, pieces
from training.checkpoint import Checkpoints
from training.document import parse
from training.settings import SettingsError, load_settings

ROOT = Path(__file__).parent.parent
TINY = {"epochs": 8, "batch": 4, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def own():
    settings = load_settings(ROOT / "project.toml")
    return replace(settings, model=replace(settings.model, name="layout-transformer", hyperparameters=TINY))


@pytest.fixture(scope="module")
def rows(own):
    return model.load(ROOT / own.data.sample, own)


@pytest.fixture(scope="module")
def fitted(own, rows):
    return model.fit(rows[0], own)


def test_transformer_learns_and_answers_with_value_confidence_page_and_box(own, rows, fitted):
    values, losses = model.evaluate(fitted, rows[1], own)
    assert values["date"] > 0.6
    assert len(losses) == len(rows[1])
    dates = [model.extract(fitted, parse(text))["date"] for text in rows[1]["document"]]
    found = next(one for one in dates if one["value"])
    assert 0.5 < found["confidence"] <= 1
    assert (found["page"], len(found["box"])) == (1, 4)


def test_transformer_answers_the_same_after_it_was_saved(rows, fitted, tmp_path):
    model.save(fitted, tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    few = rows[1].head(5)
    assert model.predict(model.restore(tmp_path), few).tolist() == model.predict(fitted, few).tolist()


def test_fine_tuning_begins_with_the_weights_of_a_folder(own, rows, fitted, tmp_path):
    model.save(fitted, tmp_path)
    given = replace(own, model=replace(own.model, hyperparameters={"pretrained": str(tmp_path), "epochs": 0}))
    few = rows[1].head(5)
    assert model.predict(model.fit(rows[0], given), few).tolist() == model.predict(fitted, few).tolist()


@pytest.mark.parametrize(
    ("given", "words"), [({"pretrained": "/nowhere"}, "must hold config"), ({"max_iter": 60}, "got: max_iter")]
)
def test_setting_that_cannot_be_is_told(own, rows, given, words):
    with pytest.raises(SettingsError, match=words):
        model.fit(rows[0], replace(own, model=replace(own.model, hyperparameters=given)))


def test_training_that_was_interrupted_ends_as_if_it_had_not_been(own, rows, tmp_path, capsys):
    def trained(epochs: int, checkpoints: Checkpoints) -> layout.Layout:
        settings = replace(own, model=replace(own.model, hyperparameters=TINY | {"epochs": epochs}))
        return model.fit(rows[0].head(12), settings, checkpoints)

    whole = trained(3, Checkpoints(tmp_path / "whole", "a"))
    trained(2, Checkpoints(tmp_path / "cut", "a"))
    capsys.readouterr()
    resumed = trained(3, Checkpoints(tmp_path / "cut", "a"))
    assert "epoch 2 of 3" not in capsys.readouterr().out
    pairs = zip(whole.network.state_dict().values(), resumed.network.state_dict().values(), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_line_of_a_scan_is_cut_into_words_with_boxes():
    page = parse({"pages": [{"words": [{"text": "DATE 1/2/24", "box": [0, 0, 110, 9]}]}]}).pages[0]
    found = pieces.pieces_of(page)
    assert [(one.word.text, one.word.box) for one in found] == [("DATE", (0, 0, 40, 9)), ("1/2/24", (50, 0, 110, 9))]
    assert pieces.tags_of(found, ["1/2/24", None, "missing"]) == [0, 1]


def test_windows_hold_every_word_and_overlap():
    found = [list(window) for window in pieces.windows([100] * 8)]
    assert found == [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]]
