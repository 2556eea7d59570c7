"""The ranges that hyperparameters are drawn from: a place between 0 and 1 stands for a value, by the range's scale.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException

_ORDERS = 1000  # a positive range over three orders of magnitude is logarithmic where the scale is Auto: our choice


@dataclass(frozen=True)
class Range:
    """One hyperparameter; `choices` is the number of its values, 0 where there is no end of them."""

    name: str
    at: Callable[[float], str]
    choices: int = 0


def parse(document: Document) -> list[Range]:
    """Return the ranges of a request; raise ValidationException for what AWS refuses."""
    if document.get("AutoParameters"):
        raise NotEmulated("AutoParameters of hyperparameter tuning jobs")
    found = [_number(item, float) for item in document.get("ContinuousParameterRanges") or []]
    found += [_number(item, int) for item in document.get("IntegerParameterRanges") or []]
    found += [_category(item) for item in document.get("CategoricalParameterRanges") or []]
    names = [item.name for item in found]
    if not found or len(names) != len(set(names)):
        raise ValidationException("ParameterRanges must hold at least one range, and each name only once.")
    return found


def _category(item: Document) -> Range:
    values = item["Values"]
    return Range(item["Name"], lambda place: values[min(int(place * len(values)), len(values) - 1)], len(values))


def _number(item: Document, kind: type[float] | type[int]) -> Range:
    name = item["Name"]
    try:
        low, high = kind(item["MinValue"]), kind(item["MaxValue"])
    except ValueError:
        raise ValidationException(f"MinValue and MaxValue of {name} must be of type {kind.__name__}.") from None
    if not low < high:
        raise ValidationException(f"MinValue of {name} must be less than its MaxValue (got: {low}, {high}).")
    scale = item.get("ScalingType", "Auto")
    if scale == "Auto":
        scale = "Logarithmic" if low > 0 and high / low >= _ORDERS else "Linear"
    _check_scale(name, scale, low, high, kind)
    if kind is int:  # each integer has the same room, the first and the last one, too
        shift = 0.5 if scale == "Linear" else 0
        scaled = _scaled(scale, low - shift, high + shift)
        return Range(name, lambda place: str(min(max(round(scaled(place)), low), high)))
    scaled = _scaled(scale, low, high)
    return Range(name, lambda place: repr(min(max(scaled(place), low), high)))


def _check_scale(name: str, scale: str, low: float, high: float, kind: type) -> None:
    if scale == "Logarithmic" and low <= 0:
        raise ValidationException(f"Logarithmic scaling of {name} needs a MinValue over 0 (got: {low}).")
    if scale == "ReverseLogarithmic" and (kind is int or low < 0 or high >= 1):
        raise ValidationException(
            f"Reverse logarithmic scaling of {name} needs a continuous range within 0 <= x < 1 (got: {low}, {high})."
        )


def _scaled(scale: str, low: float, high: float) -> Callable[[float], float]:
    if scale == "Logarithmic":
        return lambda place: math.exp(math.log(low) + place * (math.log(high) - math.log(low)))
    if scale == "ReverseLogarithmic":
        return lambda place: 1 - math.exp(math.log(1 - low) + place * (math.log(1 - high) - math.log(1 - low)))
    return lambda place: low + place * (high - low)
