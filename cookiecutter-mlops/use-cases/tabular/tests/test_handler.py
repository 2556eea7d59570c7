"""Requests as the tabular model reads them and its answers, and both again as a monitor finds them captured."""

import pytest
from made_up import fitted, settings_for

from inference import handler
from training.cells import DataError


def test_category_never_seen_before_is_answered():
    answer = handler.predict(handler.serve(fitted()), [{"size": 3, "colour": "violet", "new": True}])
    assert len(answer["predictions"]) == 1


def test_classification_answers_with_probabilities():
    answer = handler.predict(handler.serve(fitted("kind")), [{"size": 9, "new": False}])
    assert answer["predictions"] == ["large"]
    assert sum(answer["probabilities"][0].values()) == pytest.approx(1)
    assert set(answer["probabilities"][0]) == {"small", "middle", "large"}


def test_boolean_target_answers_with_booleans():
    answer = handler.predict(handler.serve(fitted("sold")), [{"size": 9, "new": "no"}, {"size": 1, "new": 0}])
    assert answer["predictions"] == [True, False]


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        ({"size": 1}, "instances[0]: new is required"),
        ({"new": None}, "new is required"),
        ({"new": True, "size": "large"}, "size must be a number from 0, not 'large'"),
        ({"new": True, "size": -1}, "size must be a number from 0"),
        ({"new": True, "size": True}, "size must be a number"),
        ({"new": True, "color": "red"}, "did you mean colour?"),
        ({"new": True, "day": "yesterday"}, "day must be a date"),
        ({"new": True, "size": [1]}, "size must be one value"),
    ],
)
def test_request_that_breaks_a_rule_is_refused(instance, words):
    with pytest.raises(DataError) as refusal:
        handler.predict(handler.serve(fitted()), [instance])
    assert words in str(refusal.value)


def test_captured_instances_keep_the_values_that_break_a_rule():
    settings = settings_for("price")
    instances = [{"size": "4", "new": "yes", "colour": "mauve"}, {"size": -3, "new": None, "age": 7}, "no object"]
    values, wrong, unknown = handler.observed(instances, settings)
    assert values["size"].tolist()[:2] == [4.0, -3.0]
    assert values["colour"].tolist()[0] == "mauve"
    assert wrong["size"].tolist() == [False, True, False]
    assert wrong["new"].tolist() == [False, True, True]  # required
    assert unknown == {"age": 1}


def test_captured_answers_are_those_of_the_server():
    response = handler.predict(handler.serve(fitted()), [{"size": 2, "new": True}, {"size": 3, "new": False}])
    assert handler.answers(response) == response["predictions"]
