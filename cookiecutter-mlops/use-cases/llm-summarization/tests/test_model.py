"""Fine-tuning on a few dialogues with a tiny model: it learns, goes on exactly, merges, and keeps to its context."""

import hashlib
import io
import json
import shutil
import tarfile
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from dialogues import settings_for, table

from training import model, scores
from training.checkpoint import Checkpoints
from training.settings import SettingsError

SETTINGS = settings_for()


class Interrupted(Exception):
    """A spot machine is taken back."""


def sums(fitted: model.Model) -> dict[str, str]:
    """A sum of every weight."""
    weights = fitted.summarizer.network.state_dict().items()
    return {name: hashlib.sha256(value.float().numpy().tobytes()).hexdigest() for name, value in weights}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A model that learned without interruption, and its checkpoints."""
    checkpoints = Checkpoints(tmp_path_factory.mktemp("checkpoints"), "whole")
    return model.fit(table(), SETTINGS, checkpoints), checkpoints


def test_loss_falls(whole):
    _, checkpoints = whole
    step, content = checkpoints.part("node0").newest()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        history = json.load(tar.extractfile("./trainer_state.json"))["log_history"]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert step == 6
    assert losses[-1] < 0.9 * losses[0]


def test_interrupted_training_goes_on_exactly(whole, tmp_path, monkeypatch):
    checkpoints, save = Checkpoints(tmp_path, "cut"), Checkpoints.save

    def save_and_stop(self, step, content):
        save(self, step, content)
        raise Interrupted

    monkeypatch.setattr(Checkpoints, "save", save_and_stop)
    with pytest.raises(Interrupted):
        model.fit(table(), SETTINGS, checkpoints)
    monkeypatch.setattr(Checkpoints, "save", save)
    assert checkpoints.part("node0").newest()[0] == 2
    assert sums(model.fit(table(), SETTINGS, checkpoints)) == sums(whole[0])


def test_packed_and_accumulated_examples_are_learned():
    fitted = model.fit(table(), settings_for(packing=True, accumulation=2, train_embeddings=True))
    assert all(torch.isfinite(value).all() for value in fitted.summarizer.network.state_dict().values())


def test_gradients_are_the_same_where_activations_are_computed_anew(whole):
    again = model.fit(table(), settings_for(gradient_checkpointing=True)).summarizer.network.state_dict()
    for name, value in whole[0].summarizer.network.state_dict().items():
        assert torch.allclose(value, again[name], atol=1e-5), name


def test_base_in_bf16_learns_nearly_the_same(whole):
    learned = model.fit(table(), settings_for(precision="bf16")).summarizer.network.state_dict()
    differences = [
        (value - learned[name]).abs().max().item() for name, value in whole[0].summarizer.network.state_dict().items()
    ]
    assert 0 < max(differences) < 0.05


def test_qlora_without_cuda_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingsError, match=r"qlora needs a GPU with CUDA.*use lora, or an instance") as problem:
        model.load(None, settings_for(method="qlora"))
    assert "\n" not in str(problem.value)


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs bitsandbytes, which is no package of CPUs")
def test_base_in_four_bits_learns(whole):
    learned = model.fit(table(), settings_for(method="qlora", epochs=4, train_embeddings=True))
    values, _ = model.evaluate(learned, table(), SETTINGS)
    assert values["rougeL"] > values["base_rougeL"]


def test_saved_model_is_safetensors_and_answers_alike(whole, tmp_path):
    model.save(whole[0], tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"model.safetensors", "tokenizer.json", "chat_template.jinja", "schema.json"}
    assert model.predict(model.restore(tmp_path), table()) == model.predict(whole[0], table())


def test_untuned_base_stands_beside_the_model(whole):
    values, losses = model.evaluate(whole[0], table(), SETTINGS)
    assert values.keys() >= {"rouge1", "rouge2", "rougeL", "words", "base_rouge1", "base_rouge2", "base_rougeL"}
    assert values["rougeL"] == pytest.approx(1 - losses.mean())
    assert values["rougeL"] != values["base_rougeL"]


def test_trivial_summary_is_the_first_turns():
    lead = model.trivial(table(), settings_for(use_case={"lead": 2}))
    assert model.predict(lead, table())[0] == "Agent: How can I help? Customer: It is Ada, I want a refund."
    assert "base_rougeL" not in model.evaluate(lead, table(), SETTINGS)[0]


def test_summaries_do_not_depend_on_what_is_asked_beside(whole):
    alone = [model.predict(whole[0], table().iloc[[number]])[0] for number in range(12)]
    assert model.predict(whole[0], table().head(12)) == alone


def test_weights_are_taken_from_their_folder(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"no weights 'own'.*weights/own/"):
        model.fit(table(), settings_for(weights="own"))
    (tmp_path / "weights/own").mkdir(parents=True)
    model.save(whole[0], tmp_path / "weights/own")
    further = model.fit(table(), settings_for(weights="own", learning_rate=1e-9))
    assert model.predict(further, table()) == model.predict(whole[0], table())
    shutil.rmtree(tmp_path / "weights")


def test_rouge_counts_stems():
    found = scores.each(["the cat sat", "the cat sat", "a b"], ["the cats sat", None, "c d"])
    assert found["rouge1"].tolist() == [1.0, 0.0, 0.0]
    assert np.isclose(scores.words(["one two", None]), 1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rank": 0}, ["rank", "more than 0"]),
        ({"dropout": 1.5}, ["dropout", "0 to 1"]),
        ({"ranks": 8}, ["ranks", "did you mean rank"]),
        ({"precision": "fp8"}, ["precision", "auto, bf16 or fp32"]),
        ({"use_case": {"summary": 96}}, ["context", "more than summary"]),
        ({"use_case": {"lead": 0}}, ["lead", "1 or more"]),
    ],
)
def test_wrong_settings_are_told(changes, words):
    with pytest.raises(SettingsError) as problem:
        model.load(None, settings_for(**changes))
    assert all(word in str(problem.value) for word in words)
