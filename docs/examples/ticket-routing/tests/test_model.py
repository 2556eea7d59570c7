"""Tickets go to their team, and the server's half of the model says the same."""

from pathlib import Path

import pytest

from inference import handler
from training import model
from training.cells import DataError
from training.settings import load_settings

SETTINGS = load_settings()


@pytest.fixture(scope="module")
def served(trained):
    return handler.restore(trained / "model")


def test_model_is_better_than_the_largest_team():
    learn, judge = model.load(Path(SETTINGS.data.sample), SETTINGS)
    told = model.evaluate(model.fit(learn, SETTINGS), judge, SETTINGS)[0]
    guessed = model.evaluate(model.trivial(learn, SETTINGS), judge, SETTINGS)[0]
    assert told["accuracy"] > 0.8 > 0.6 > guessed["accuracy"]


def test_ticket_goes_to_its_team(served):
    tickets = [{"text": "my parcel has not arrived"}, {"text": "the battery does not work"}]
    assert handler.predict(served, tickets) == {"predictions": ["deliveries", "repairs"]}


def test_ticket_without_words_is_refused_with_a_sentence(served):
    with pytest.raises(DataError, match=r"instances\[0\]: text is required"):
        handler.read(served, [{"text": None}])
