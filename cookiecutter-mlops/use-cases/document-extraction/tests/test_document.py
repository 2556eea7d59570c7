"""Words with boxes: how they are read, joined to lines, and searched for candidates."""

import pytest

from training.candidates import candidates
from training.cells import DataError
from training.document import parse


def document(*rows: tuple[str, int, int]):
    """Words as (text, left, top), eight units for each letter."""
    words = [{"text": text, "box": [left, top, left + 8 * len(text), top + 10]} for text, left, top in rows]
    return parse({"pages": [{"width": 400, "height": 300, "words": words}]})


def values(kind: str, *rows: tuple[str, int, int]) -> list[str]:
    return [found.value for found in candidates(kind, document(*rows))]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{", "no JSON"),
        ([], '{"pages"'),
        ({"pages": []}, '{"pages"'),
        ({"pages": [{}]}, "pages[0]: words"),
        ({"pages": [{"words": [{"text": "a"}]}]}, "pages[0].words[0]"),
        ({"pages": [{"words": [{"text": "a", "box": [5, 0, 1, 9]}]}]}, "left ≤ right"),
        ({"pages": [{"words": [{"text": "a", "box": [0, 0, 1, float("nan")]}]}]}, "pages[0].words[0]"),
        ({"pages": [{"width": -1, "words": []}]}, "pages[0]: width"),
        ({"pages": [{"words": []}] * 501}, "501 pages"),
    ],
)
def test_document_that_breaks_a_rule_is_told(given, words):
    with pytest.raises(DataError) as refused:
        parse(given)
    assert words in str(refused.value)


def test_words_without_a_gap_are_one_segment():
    segments = document(("TOTAL", 0, 0), ("EUR", 46, 1), ("12.50", 300, 0), ("below", 0, 20)).pages[0].segments
    assert [segment.text for segment in segments] == ["TOTAL EUR", "12.50", "below"]
    assert segments[0].box == (0, 0, 70, 11)


def test_part_of_a_segment_has_the_box_of_its_words():
    (segment,) = document(("Fecha:", 0, 0), ("31/05/2024", 54, 0)).pages[0].segments
    assert segment.part(7, 17) == (54, 0, 134, 10)


@pytest.mark.parametrize(
    "day",
    [
        *("31/05/2024", "31-5-24", "2024-05-31", "31.05.24", "20240531"),
        *("31 May 2024", "31-MAY-24", "31/MAY/2024", "MAY 31, 2024"),
    ],
)
def test_date_is_found_as_it_is_written(day):
    assert day in values("date", (f"Fecha: {day} 17:44", 0, 0))


def test_number_that_is_no_date_is_none():
    assert values("date", ("Tel: 912345678 CIF: B1234 99.50", 0, 0)) == []


def test_amount_is_found_with_and_without_its_currency():
    assert values("amount", ("TOTAL RM 1,250.50 of 7", 0, 0)) == ["1,250.50", "RM 1,250.50"]


def test_line_is_joined_across_neighbouring_segments():
    found = values("line", ("Cafe Aurora", 0, 0), ("S.L. (B-123)", 0, 20))
    assert {"Cafe Aurora", "Cafe Aurora S.L. (B-123)", "Cafe Aurora S.L."} <= set(found)


def test_candidate_knows_its_page_and_box():
    pages = [{"words": [{"text": "9.00", "box": [0, 0, 9, 9]}]}, {"words": [{"text": "7.00", "box": [1, 2, 30, 9]}]}]
    last = candidates("amount", parse({"pages": pages}))[-1]
    assert (last.value, last.page, last.box) == ("7.00", 1, (1, 2, 30, 9))
