"""What a search may try: [model.search] of project.toml. Standard library only, because pipelines/tune.py reads it.

learning_rate = { minimum = 0.01, maximum = 0.3, scale = "log" }    # any number between
n_estimators = { minimum = 50, maximum = 500 }                      # any whole one: both ends are
max_leaf_nodes = [15, 31, 63]                                       # one of these
"""

import math
import random
from dataclasses import dataclass
from typing import Any

from training.settings import Settings, SettingsError

EXAMPLE = 'such as [15, 31] or { minimum = 0.01, maximum = 0.3, scale = "log" }'
SCALES = ("linear", "log")


@dataclass(frozen=True)
class Range:
    """Some values, or all between two numbers."""

    values: tuple[Any, ...] = ()
    minimum: float = 0.0
    maximum: float = 0.0
    scale: str = "linear"

    @property
    def whole(self) -> bool:
        return isinstance(self.minimum, int) and isinstance(self.maximum, int)

    def draw(self, chance: random.Random) -> Any:
        """A value by chance; on a logarithmic scale 0.01 to 0.1 is as likely as 0.1 to 1."""
        if self.values:
            return chance.choice(self.values)
        number = chance.uniform(self.minimum, self.maximum)
        if self.scale == "log":
            number = math.exp(chance.uniform(math.log(self.minimum), math.log(self.maximum)))
        return round(number) if self.whole else float(f"{number:.4g}")


def ranges(settings: Settings) -> dict[str, Range]:
    """The range of each hyperparameter; a SettingsError where the table is missing or breaks a rule."""
    if not settings.model.search:
        raise SettingsError(f"project.toml: [model.search] must name what to try, {EXAMPLE}.")
    return {name: _range(name, given) for name, given in settings.model.search.items()}


def _range(name: str, given: Any) -> Range:
    if isinstance(given, list) and given:
        return Range(values=tuple(given))
    if isinstance(given, dict) and given.keys() <= {"minimum", "maximum", "scale"}:
        low, high, scale = given.get("minimum"), given.get("maximum"), given.get("scale", "linear")
        is_range = _is_number(low) and _is_number(high) and low < high  # type: ignore[operator]
        if is_range and scale in SCALES and (scale != "log" or low > 0):  # type: ignore[operator]
            return Range(**given)
    raise SettingsError(f"project.toml: [model.search]: {name} must be a list or a range, {EXAMPLE} (now: {given!r}).")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
