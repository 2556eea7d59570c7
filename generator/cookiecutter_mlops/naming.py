"""The short name with which everything of a project in AWS begins. Standard library only."""

import re

SLUG = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){2,19}")
RESERVED_PARTS = ("sagemaker", "aws-glue")
RESERVED_STARTS = ("aws", "ssm", "xn--", "sthree-", "amzn-")


def slug_problem(slug: str) -> str | None:
    """Return why `slug` cannot start the project's names, as the end of a sentence, or None."""
    if not SLUG.fullmatch(slug):
        return "use 3 to 20 lowercase letters, digits and single hyphens, beginning with a letter"
    for part in RESERVED_PARTS:
        if part in slug:
            return f"AWS policies single out names that hold {part!r}, choose another"
    for start in RESERVED_STARTS:
        if slug.startswith(start):
            return f"AWS reserves names that begin with {start!r}, choose another"
    return None
