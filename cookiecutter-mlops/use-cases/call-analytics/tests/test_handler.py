"""Calls in requests: what is answered about them, and what is refused."""

import pytest
from calls import call, settings_for, table

from inference import handler, sentiment
from training import model
from training.cells import DataError


@pytest.fixture(scope="module")
def served():
    return handler.serve(model.fit(table(), settings_for()))


def test_call_is_answered_as_a_whole_and_turn_by_turn(served):
    asked = call(
        ("agent", "hello, how are you"),
        ("customer", "i lost my card, this is terrible"),
        ("customer", "my name is Zora Quist"),
        ("customer", "what is my balance"),
    )
    told = handler.predict(served, [asked])
    assert told["predictions"] == ["balance|details|lost"]
    detail = told["details"][0]
    assert [turn["intents"] for turn in detail["turns"]] == [[], ["lost"], ["details"], ["balance"]]
    assert detail["turns"][1]["feeling"] == "negative"
    assert detail["turns"][2]["text"] == "my name is [NAME]"
    assert detail["turns"][2]["slots"] == [{"slot": "name", "value": "Zora Quist"}]
    assert detail["group"]["name"] in [*served.model.groups.names, "other"]


def test_turn_alone_is_a_call_of_its_own(served):
    flat = {"call": "a", "speaker": "customer", "text": "my card was stolen"}
    assert handler.predict(served, [flat]) == handler.predict(served, [call(("customer", "my card was stolen"))])


def test_answer_does_not_depend_on_the_company(served):
    calls = [call(("customer", text)) for text in ("i lost my card", "what is my balance", "my name is Ada Novak")]
    together = handler.predict(served, calls)
    assert together["details"] == [handler.predict(served, [one])["details"][0] for one in calls]


@pytest.mark.parametrize("empty", [call(), call(("customer", "")), call(("agent", " "), ("customer", None))])
def test_empty_call_is_told_and_the_others_are_answered(served, empty):
    told = handler.predict(served, [empty, call(("customer", "i lost my card"))])
    assert told["predictions"] == ["", "lost"]
    assert told["details"][0]["problem"] == handler.EMPTY
    assert "problem" not in told["details"][1]


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        ({"call": "a", "turns": "hi"}, r"instances\[1\]: turns must be a list"),
        ({"turns": []}, r"instances\[1\]: call is required"),
        ({"call": "a", "turns": [], "lang": "en"}, r"instances\[1\]: there is no field 'lang'"),
        (call(("customer", "a"), ("robot", "b")), r"instances\[1\]\.turns\[1\]: speaker must be one of agent"),
        ({"call": "a", "turns": ["hi"]}, r"instances\[1\]\.turns\[0\] must be an object"),
        ({"call": "a", "text": "hi"}, r"instances\[1\]: speaker is required"),
    ],
)
def test_call_that_breaks_a_rule_is_named(served, instance, words):
    with pytest.raises(DataError, match=words):
        handler.predict(served, [call(("customer", "hi")), instance])


def test_recorded_requests_hold_a_turn_and_whole_calls(served):
    samples = handler.record(served, table())
    assert set(samples[0]["request"]["instances"][0]) == {"call", "speaker", "text"}
    assert [len(sample["request"]["instances"][0]["turns"]) for sample in samples[1:]] == [2, 2, 2, 2]


def test_monitoring_sees_redacted_words_of_the_customer(served):
    asked = call(("agent", "hello"), ("customer", "i am at 12 Maple Street"), ("customer", "my card"))
    values, wrong, unknown = handler.observed([asked, call(("agent", "hm")), {"call": "b", "x": 1}, 7], settings_for())
    assert values["text"].tolist() == ["i am at [ADDRESS]\nmy card", None, None, None]
    assert not wrong["text"].any()
    assert unknown == {"x": 1}


@pytest.mark.parametrize(
    ("text", "feeling"),
    [("thank you so much", "positive"), ("i am not happy with this", "negative"), ("my account", "neutral")],
)
def test_feelings_are_named(text, feeling):
    assert sentiment.name(sentiment.scores([text])[0]) == feeling
