"""Every run tries the same examples, however slow the machine is, so that what fails here fails anywhere.

Look further with `max_examples`.
"""

import pytest
from hypothesis import HealthCheck, settings

LONG = ("loop", "terraform", "policy")  # folders whose tests wait for projects that are applied

settings.register_profile(
    "same-in-every-run", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same-in-every-run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: LONG.index(name) if (name := item.path.parent.name) in LONG else len(LONG))
