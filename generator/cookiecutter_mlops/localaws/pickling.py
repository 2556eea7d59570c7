"""Pickles of moto's models and ours: with new locks, without copies of what there is only once.

https://docs.python.org/3/library/pickle.html#persistence-of-external-objects
"""

import copy
import importlib
import itertools
import pickle
import sys
import threading
import types
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

_OURS = "cookiecutter_mlops"


def dump(value: Any, file: BinaryIO) -> None:
    """Write moto's models, with references to its backends in place of the backends."""
    import cloudpickle  # moto's models hold functions without a name, which plain pickles refuse
    from moto.core.base_backend import AccountSpecificBackend, BackendDict

    places = homes()

    class Pickler(cloudpickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return places.get(id(value)) if isinstance(value, BackendDict | AccountSpecificBackend) else None

        def reducer_override(self, value: Any) -> Any:
            reduced = _reduced(value)
            return super().reducer_override(value) if reduced is NotImplemented else reduced

    Pickler(file, protocol=5).dump(value)


def load(file: BinaryIO) -> Any:
    """Read what `dump` wrote into the backends of this process."""
    return _Unpickler(file).load()


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, home: tuple[str, ...]) -> Any:
        backends = getattr(importlib.import_module(home[0]), home[1])
        return backends[home[2]] if len(home) == 3 else backends


def homes() -> dict[int, tuple[str, ...]]:
    """Return where each service's backends are, and those of each account in them, by their identity."""
    from moto.core.base_backend import BackendDict

    found: dict[int, tuple[str, ...]] = {}
    pretending = "moto.batch_simple.models"  # its state is that of moto.batch
    for name, module in list(sys.modules.items()):
        for attribute, value in list(vars(module).items()) if name.endswith(".models") and name != pretending else ():
            is_own = attribute.startswith(name.split(".")[-2])  # others only import it
            if isinstance(value, BackendDict) and (is_own or id(value) not in found):
                found[id(value)] = (name, attribute)
                found |= {id(regions): (name, attribute, account) for account, regions in value.items()}
    return found


def _reduced(value: Any) -> Any:
    if reduce := _REDUCERS.get(type(value)):
        return reduce(value)
    if isinstance(value, types.FunctionType) and value.__module__.startswith(_OURS) and "<" in value.__qualname__:
        raise pickle.PicklingError(f"{value.__module__}.{value.__qualname__}: a copy of a function would not be it")
    if type(value).__module__.startswith("cryptography."):
        return _key(value)
    if isinstance(value, dict) and type(value).__module__.startswith("moto."):
        return _mapping(value)
    return NotImplemented


def _key(value: Any) -> Any:
    """Reduce a key or certificate, of KMS for example, to its standard form."""
    from cryptography.hazmat.primitives import serialization as forms

    if hasattr(value, "private_bytes"):
        form = (forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
        return _private_key, (value.private_bytes(*form),)
    if hasattr(value, "verify_directly_issued_by"):
        return _certificate, (value.public_bytes(forms.Encoding.DER),)
    return _public_key, (value.public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo),)


def _private_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(der, None)


def _public_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(der)


def _certificate(der: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


def _mapping(value: dict[Any, Any]) -> Any:
    """Reduce one of moto's own kinds of dict as what it holds, which is not what its methods show."""
    held = (dict(dict.items(value)), vars(value), getattr(value, "default_factory", None))
    return _new_mapping, (type(value),), held, None, None, _fill_mapping


def _new_mapping(kind: type[dict[Any, Any]]) -> dict[Any, Any]:
    return kind.__new__(kind)


def _fill_mapping(mapping: Any, held: tuple[dict[Any, Any], dict[str, Any], Any]) -> None:
    dict.update(mapping, held[0])
    vars(mapping).update(held[1])
    if held[2]:
        mapping.default_factory = held[2]


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


# Locks are new after a restart: nobody who held one is there.
_REDUCERS: dict[type, Callable[[Any], Any]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
    threading.Condition: lambda condition: (threading.Condition, (condition._lock,)),
    threading.Event: lambda event: (_event, (event.is_set(),)),
    ThreadPoolExecutor: lambda pool: (ThreadPoolExecutor, (pool._max_workers,)),
    weakref.ref: lambda reference: (weakref.ref, (reference(),)),
    weakref.WeakValueDictionary: lambda weak: (weakref.WeakValueDictionary, (), None, None, iter(weak.items())),
    itertools.count: lambda count: (itertools.count, (next(copy.copy(count)),)),
}
