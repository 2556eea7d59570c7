"""Tests that share a project on an embedded AWS must run in one worker, or each worker makes that project anew."""

import pytest


@pytest.mark.xdist_group("workers")
def test_group_of_a_test_reaches_the_scheduler(request):
    """pytest 9.2 hides the name by which pytest-xdist 3.8 groups tests, hence the limit in pyproject.toml."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@workers")
