"""The documents that reviewers read say what the code does today."""

import os

import pytest

from tests.policy.documents import DOCS, controls, document, roles

pytestmark = pytest.mark.xdist_group("policy")
HOW = "run: UPDATE_DOCS=1 .venv/bin/pytest tests/policy/test_documents.py"


def check(name: str, wanted: str) -> None:
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / name).write_text(wanted)
    assert (DOCS / name).read_text() == wanted, HOW


def test_security_document_lists_every_rule_and_suppression():
    check("security.md", document("security.md", controls()))


def test_iam_document_says_what_every_role_may_do(full_plan):
    check("iam.md", document("iam.md", roles(full_plan)))
