"""What a request means and what it is told: summaries, a dialogue that is too long, a stream of pieces."""

import json

import pytest

from inference import handler
from inference.server import App
from training.cells import DataError
from training.settings import load_settings


@pytest.fixture(scope="module")
def served(trained):
    return handler.restore(trained / "model")


def test_dialogue_that_is_too_long_has_an_error_of_its_own(served, samples):
    instance, expected = samples[0]["request"]["instances"][0], samples[0]["response"]["predictions"][0]
    told = handler.predict(served, [{"dialogue": "Agent: hello\n" * 2000}, instance])["predictions"]
    assert "too long" in told[0]["error"]
    assert "448" in told[0]["error"]
    assert told[1] == expected


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        ({"dialogue": ""}, "dialogue is required"),
        ({"dialogue": None}, "dialogue is required"),
        ({"dialogue": " \n"}, "dialogue"),
        ({"dialogue": "Agent: \ud83d"}, "no UTF-8"),
        ({"dialogue": ["Agent: hello"]}, "must be one value"),
        ({"dialog": "Agent: hello"}, "did you mean dialogue?"),
        ("Agent: hello", "must be an object"),
    ],
)
def test_instance_without_a_dialogue_has_an_error_of_its_own(served, samples, instance, words):
    good, expected = samples[0]["request"]["instances"][0], samples[0]["response"]["predictions"][0]
    wrong, told = handler.predict(served, [instance, good])["predictions"]
    assert list(wrong) == ["error"] and words in wrong["error"]
    assert wrong["error"].startswith("instances[0]")
    assert told == expected


def test_stream_is_the_summary_in_pieces(served, samples):
    dialogue, expected = samples[0]["request"]["instances"][0]["dialogue"], samples[0]["response"]["predictions"][0]
    *events, last = b"".join(handler.stream(served, [dialogue])).decode().split("\n\n")[:-1]
    assert last == "data: [DONE]"
    assert len(events) > 1
    pieces = [json.loads(event.removeprefix("data: "))["summary"] for event in events]
    assert "".join(pieces).strip() == expected["summary"]


@pytest.mark.parametrize(
    ("dialogues", "words"), [(["a", "b"], "one instance"), (["a " * 9000], "too long"), ([""], "required")]
)
def test_stream_that_cannot_be_is_refused_before_it_begins(served, dialogues, words):
    with pytest.raises(DataError, match=words):
        handler.stream(served, handler.read(served, [{"dialogue": text} for text in dialogues]))


def test_server_knows_the_stream(trained):
    assert list(App(trained / "model").streams) == ["text/event-stream"]


def test_monitoring_sees_dialogues_and_summaries():
    own = load_settings()
    values, wrong, unknown = handler.observed([{"dialogue": "hello"}, {"dialog": "hello"}, 7], own)
    assert values["dialogue"].tolist() == ["hello", None, None]
    assert wrong["dialogue"].tolist() == [False, True, True]
    assert unknown == {"dialog": 1}
    assert handler.answers({"predictions": [{"summary": "a"}, {"error": "b"}]}) == ["a", None]
