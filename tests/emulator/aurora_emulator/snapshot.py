"""Snapshots of everything: moto's backends, the extension's state, and what is scheduled.

A snapshot is one pickle, so that objects which refer to each other across services do so after a restore as well.
"""

from __future__ import annotations

import io
import pickle
import sys
import threading
import types
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from moto.core.base_backend import BackendDict
from moto.iam.models import AWSManagedPolicy

from . import s3
from .clock import TIMELINE
from .iam import managed_policy
from .world import WORLD

_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class _Pickler(pickle.Pickler):
    """Pickles backends; locks become new locks, and bound methods (moto's filter tables) are rebound by name."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _LOCKS):
            return (threading.Lock if isinstance(obj, _LOCKS[0]) else threading.RLock, ())
        if isinstance(obj, types.GeneratorType):
            return (iter, ((),))
        if isinstance(obj, AWSManagedPolicy):
            return (managed_policy, (obj.account_id, obj.partition, obj.arn, obj.attachment_count))
        if hasattr(obj, "private_bytes"):
            return (_private_key, (_pem(obj),))
        return NotImplemented


def _pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private_key(content: bytes) -> Any:
    return load_pem_private_key(content, password=None)


def dump() -> bytes:
    """The whole state as bytes."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(
        {"backends": _collect(), "regions": dict(WORLD.regions), "timeline": TIMELINE.dump()}
    )
    return buffer.getvalue()


def _collect() -> dict[type, dict[str, dict[str, Any]]]:
    collected: dict[type, dict[str, dict[str, Any]]] = {}
    for backends in BackendDict._instances:  # type: ignore[misc]
        accounts = {account: dict(regions) for account, regions in backends.items() if regions}
        if accounts:
            collected[backends.backend] = accounts
    return collected


def _backends(backend: type) -> Any:
    """A service's backends. moto lists only those that were used; a new process has used none."""
    known = vars(sys.modules[backend.__module__]).values()
    found = (each for each in known if isinstance(each, BackendDict) and each.backend is backend)
    return next(found)


def load(content: bytes) -> None:
    """Replace the whole state."""
    state = pickle.loads(content)
    for backends in BackendDict._instances:  # type: ignore[misc]
        for account in list(backends):
            dict.clear(backends[account])
    for kind, saved in state["backends"].items():
        backends = _backends(kind)
        for account, regions in saved.items():
            for region, backend in regions.items():
                dict.__setitem__(backends[account], region, backend)
    s3.recount()
    WORLD.regions.clear()
    WORLD.regions.update(state["regions"])
    TIMELINE.load(state["timeline"])


def reset() -> None:
    """An empty AWS; switches and speed stay."""
    for backends in BackendDict._instances:  # type: ignore[misc]
        for account in list(backends):
            dict.clear(backends[account])
    s3.recount()
    WORLD.clear()
    TIMELINE.clear()


class Store:
    """The snapshots in memory, by id."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def take(self, path: str | None = None) -> str:
        """Keep a snapshot, in a file as well if a path is given; returns its id."""
        content = dump()
        name = f"snap-{len(self._kept) + 1}"
        self._kept[name] = content
        if path:
            Path(path).write_bytes(content)
        return name

    def restore(self, name: str | None, path: str | None = None) -> None:
        """Go back to a snapshot by id, or to one from a file."""
        load(Path(path).read_bytes() if path else self._kept[name or ""])
