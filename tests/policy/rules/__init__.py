"""The rules, by what they are about; importing this package registers them all."""

from tests.policy.rules import builds, encryption, events, functions, identity, network, notebooks, storage  # noqa: F401
