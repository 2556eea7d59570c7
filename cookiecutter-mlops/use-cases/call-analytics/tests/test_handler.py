"""Calls in requests: what is answered about them, and what is refused."""

import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from calls import call, settings_for, table

from inference import asked, formats, handler, sentiment
from inference import table as table_module
from training import model
from training.cells import DataError

TOO_LONG = "a" * (asked.LONGEST + 1)


@pytest.fixture(scope="module")
def served():
    return handler.serve(model.fit(table(), settings_for()))


def table_of(body: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(body))


def test_call_is_answered_as_a_whole_and_turn_by_turn(served):
    whole = call(
        ("agent", "hello, how are you"),
        ("customer", "i lost my card, this is terrible"),
        ("customer", "my name is Zora Quist"),
        ("customer", "what is my balance"),
    )
    told = handler.predict(served, [whole])
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


def test_long_turn_is_scored_in_pieces_and_answered(served):
    said = ("i lost my card, this is terrible. " * 3000)[: asked.LONGEST].rstrip()
    pieces = sentiment.PIECE.findall(said)
    assert "".join(pieces) == said
    assert max(map(len, pieces)) <= sentiment.LONG
    assert [word for piece in pieces for word in piece.split()] == said.split()  # whole ones
    (turn,) = handler.predict(served, [call(("customer", said))])["details"][0]["turns"]
    assert (turn["intents"], turn["feeling"]) == (["lost"], "negative")


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
        (call(("customer", 5)), r"instances\[1\]\.turns\[0\]: text must be a text, not '5'"),
        ({"call": "a", "turns": [], "silence": "much"}, r"instances\[1\]: silence must be a number"),
        ({"call": "a", "turns": ["hi"]}, r"instances\[1\]\.turns\[0\] must be an object"),
        (call(("agent", "a"), ("agent", TOO_LONG)), r"instances\[1\]\.turns\[1\]: text must have at most 50,000 char"),
        ({"call": "a", "speaker": "customer", "text": TOO_LONG}, r"instances\[1\]: text must .* \(got: 50,001\)"),
    ],
)
def test_call_that_breaks_a_rule_is_named(served, instance, words):
    told = handler.predict(served, [call(("customer", "i lost my card")), instance])
    assert told["predictions"] == ["lost", ""]
    assert re.match(words, told["details"][1]["problem"])
    with pytest.raises(DataError, match=words.replace("1", "0", 1)):  # nothing in this request can be answered
        handler.predict(served, [instance])


LINES = b"""{"call": "a", "speaker": "customer", "text": "i lost my card"}
{"call": "b", "speaker": "customer", "text": "caf\xe9"}
{"call": "c", "text": "hi"}
{"call": "d", "turns": []}
7
"""


def test_line_that_breaks_a_rule_takes_no_other_along(served):
    """A line that is not UTF-8, a turn without a speaker, an empty call, and what is no object."""
    told = handler.predict(served, formats.instances(formats.readers(())[formats.NDJSON], LINES))
    assert told["predictions"] == ["lost", "", "", "", ""]
    assert [detail["call"] for detail in told["details"]] == ["a", None, "c", "d", None]
    sentences = [detail.get("problem", "") for detail in told["details"]]
    words = ("", "Line 2 must be UTF-8", "instances[2]: speaker is required", handler.EMPTY, "instances[4] must")
    assert [sentence[: len(start)] for sentence, start in zip(sentences, words, strict=True)] == list(words)
    assert sentences[0] == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"call": "a", "turns": "hi"}, "must be a list of turns"), (call(("agent", TOO_LONG)), "at most 50,000 char")],
    ids=["no-turns", "too-long"],
)
def test_batch_has_a_row_for_a_call_whose_whole_file_is_wrong(served, monkeypatch, wrong, words):
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    told = handler.predict(served, [wrong])
    written = table_of(handler.WRITERS["application/vnd.apache.parquet"](told))
    assert written["call"].to_list() == ["a"]
    assert words in written["problem"][0]


def test_problem_of_a_recording_is_passed_on(served):
    told = handler.predict(served, [{"call": "b", "problem": "b.wav is no audio"}])
    assert told["details"][0] | {"sentiment": 0, "feeling": ""} == {
        "call": "b", "intents": [], "sentiment": 0, "feeling": "", "turns": [], "problem": "b.wav is no audio",
    }  # fmt: skip


def test_table_has_a_row_for_each_call_and_nothing_private(served):
    calls = [
        call(("agent", "hello"), ("customer", "my name is Zora Quist")) | {"silence": 0.25, "seconds": 9},
        {"call": "b", "turns": "hi"},
        call(("customer", "what is my balance"), name="c"),
    ]
    written = table_of(handler.WRITERS["application/vnd.apache.parquet"](handler.predict(served, calls)))
    assert written["call"].to_list() == ["a", "b", "c"]
    assert written["intents"].to_list() == [["details"], [], ["balance"]]
    assert written["silence"].to_list() == [0.25, None, None]
    assert written["seconds"].to_list() == [9, None, None]
    assert written["text"][0].startswith("agent: hello\ncustomer: my name is [NAME]")
    assert written["problem"][0] is None and "must be a list of turns" in written["problem"][1]
    assert "Zora" not in str(written.to_dicts())


def test_table_has_the_columns_that_athena_is_told():
    told = json.loads((Path(__file__).parent.parent / "terraform/calls.json").read_text())
    assert {column["name"]: column["type"] for column in told} == table_module.COLUMNS


def test_recorded_requests_hold_the_most_telling_turn_and_calls(served):
    turn, *calls = handler.record(served, table())
    assert turn["request"]["instances"][0]["text"] == "i lost my card and what is my balance"
    assert [len(sample["request"]["instances"][0]["turns"]) for sample in calls] == [2, 2, 2, 2]
    assert [sample["response"]["predictions"] for sample in calls] == [["balance|details|lost"]] * 4


def test_monitoring_sees_redacted_words_of_the_customer(served):
    whole = call(("agent", "hello"), ("customer", "i am at 12 Maple Street"), ("customer", "my card"))
    values, wrong, unknown = handler.observed([whole, call(("agent", "hm")), {"call": "b", "x": 1}, 7], settings_for())
    assert values["text"].tolist() == ["i am at [ADDRESS]\nmy card", None, None, None]
    assert not wrong["text"].any()
    assert unknown == {"x": 1}


@pytest.mark.parametrize(
    ("text", "feeling"),
    [("thank you so much", "positive"), ("i am not happy with this", "negative"), ("my account", "neutral")],
)
def test_feelings_are_named(text, feeling):
    assert sentiment.name(sentiment.scores([text])[0]) == feeling
