"""Ranges and strategies of tuning jobs, without running any."""

import itertools

import pytest

from cookiecutter_mlops.localaws.sagemaker.tuning import ranges, strategies


def one(kind: str, low: str, high: str, scale: str) -> ranges.Range:
    item = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scale}
    return ranges.parse({f"{kind}ParameterRanges": [item]})[0]


@pytest.mark.parametrize(
    ("scale", "low", "high", "middle"),
    [
        ("Linear", "0", "10", 5),
        ("Logarithmic", "0.0001", "1", 0.01),
        ("ReverseLogarithmic", "0", "0.99", 0.9),
        ("Auto", "0.0001", "1", 0.01),
        ("Auto", "1", "10", 5.5),
    ],
)
def test_continuous_range_by_its_scale(scale: str, low: str, high: str, middle: float) -> None:
    found = one("Continuous", low, high, scale)
    values = [float(found.at(place)) for place in (0, 0.5, 1)]
    assert values == [pytest.approx(float(low)), pytest.approx(middle), pytest.approx(float(high))]


def test_each_integer_of_a_range_has_the_same_room() -> None:
    found = one("Integer", "2", "5", "Linear")
    counts = [sum(found.at((n + 0.5) / 1000) == str(value) for n in range(1000)) for value in range(2, 6)]
    assert counts == [250, 250, 250, 250]


def test_same_seed_gives_the_same_places() -> None:
    space = [one("Continuous", "0", "1", "Linear")]

    def first(seed: int | None) -> list[strategies.Places]:
        return list(itertools.islice(strategies.places("Random", space, seed, []), 5))

    assert first(5) == first(5)
    assert first(5) != first(6)
    assert first(None) != first(None)


def test_bayesian_search_stays_nearer_to_the_best_than_a_random_one() -> None:
    """With a known best place at 0.2, most of the next points are near it; without results none is preferred."""
    space, results = [one("Continuous", "0", "1", "Linear")], [({"x": 0.2}, 0.0), ({"x": 0.9}, 1.0), ({"x": 0.6}, 0.5)]

    def near(strategy: str) -> int:
        source = strategies.places(strategy, space, 3, results)
        return sum(abs(next(source)["x"] - 0.2) < 0.2 for _ in range(200))

    assert near("Bayesian") > 120 > near("Random")


def test_early_stopping_compares_with_the_median_of_running_averages() -> None:
    others = [[4.0, 2.0], [6.0, 4.0], [9.0]]
    assert strategies.is_under_the_median([6.5], others)  # the averages of the first value: 4, 6, 9
    assert not strategies.is_under_the_median([6.0], others)
    assert strategies.is_under_the_median([1.0, 4.5], others)  # of two values: 3, 5
    assert not strategies.is_under_the_median([], others)


def test_hyperband_keeps_the_best_third_of_a_rung() -> None:
    others = [[1.0], [2.0]]
    assert strategies.is_off_the_rung([1.5], others, 1, 9)
    assert not strategies.is_off_the_rung([0.5], others, 1, 9)
    assert not strategies.is_off_the_rung([5.0], [[1.0]], 1, 9)  # too few to judge
    assert not strategies.is_off_the_rung([5.0], others, 3, 9)  # the first rung is at three values
