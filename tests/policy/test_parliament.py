"""parliament, a linter of IAM policies, finds nothing in any policy document of the largest project."""

import json
import subprocess

import pytest

from tests.policy.plan import listed
from tests.policy.tools import PARLIAMENT, tool

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]
# What parliament gets wrong: (issue, beginning of its detail), and why it is no finding.
EXCUSED = {
    ("MISMATCHED_TYPE", "Type mismatch: s3:TlsVersion"): "versions have a point, parliament's numbers have none",
    (
        "MISMATCHED_TYPE",
        "Type mismatch: ArnLike",
    ): "the encryption context of a log group is a string that holds an ARN",
    (
        "MISMATCHED_TYPE_BUT_USABLE",
        "Type mismatch: StringNotEquals",
    ): "the header names one key, so it compares as text",
    ("UNKNOWN_CONDITION_FOR_ACTION", "Unknown condition s3:TlsVersion"): "it is in every request to S3",
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "Unknown condition lambda:SourceFunctionArn",
    ): "it is in every call of a function's code",
    ("UNKNOWN_CONDITION_FOR_ACTION", "Unknown condition kms:EncryptionContext"): "parliament expands kms:Describe*",
    ("RESOURCE_STAR", "['kms:"): "in a key's policy `*` is the key",
}
PROGRAM = """
import json, sys, parliament
found = []
for address, document in json.load(sys.stdin):
    policy = parliament.analyze_policy_string(json.dumps(document), address)
    found += [[finding.issue, str(finding.detail), address] for finding in policy.findings]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def findings(full_plan):
    """What parliament finds in every document; a trust policy says nothing of its resource, which is the role."""
    documents = [
        (address, document if kind != "trust" else _with_resource(document))
        for address, kind, document in full_plan.documents()
    ]
    command = [tool(PARLIAMENT).parent / "python", "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(documents), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _with_resource(trust: dict) -> dict:
    statements = [
        statement | {"Resource": "arn:aws:iam::123456789012:role/this"} for statement in listed(trust["Statement"])
    ]
    return trust | {"Statement": statements}


def excuse(issue: str, detail: str) -> tuple[str, str] | None:
    return next((known for known in EXCUSED if issue == known[0] and detail.startswith(known[1])), None)


def test_parliament_finds_nothing_in_any_policy(findings):
    assert [finding for finding in findings if not excuse(*finding[:2])] == []


def test_every_excuse_is_needed(findings):
    assert {excuse(*finding[:2]) for finding in findings} - {None} == set(EXCUSED)
