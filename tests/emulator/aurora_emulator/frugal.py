"""What moto does at great cost and nobody here asks for, and what it works out anew in every request."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Any

from botocore.loaders import Loader, create_loader
from moto.core import responses as moto_responses
from moto.core import utils as moto_core
from moto.ec2 import utils as moto_ec2
from moto.ec2.models.amis import AmiBackend
from moto.kms import models as moto_kms
from moto.kms.utils import generate_private_key
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from .extend import add, around


@add(AmiBackend)
def _load_amis(self: Any) -> None:
    """No machine images: 1300 of them, each with a volume and a snapshot, cost half a second per empty account."""


def random_resource_id(size: int = 8) -> str:
    """Hexadecimal digits, in one call instead of one per digit."""
    return secrets.token_hex((size + 1) // 2)[:size]


moto_ec2.random_resource_id = random_resource_id


class LateKey:
    """The key material of a symmetric KMS key, made when somebody signs with it; 0.2 s per key otherwise."""

    def __init__(self, key_spec: str) -> None:
        self._spec = key_spec
        self._made: Any = None

    def _key(self) -> Any:
        if self._made is None:
            self._made = generate_private_key(self._spec)
        return self._made

    def sign(self, *arguments: Any) -> Any:
        """Sign with the real key."""
        return self._key().sign(*arguments)

    def verify(self, *arguments: Any) -> Any:
        """Verify with the real key."""
        return self._key().verify(*arguments)

    def public_key(self) -> Any:
        """The public half of the real key."""
        return self._key().public_key()


moto_kms.generate_private_key = LateKey  # type: ignore[assignment]

# The methods of a response class do not change between requests.
moto_responses.method_names_from_class = cache(moto_core.method_names_from_class)


@cache
def _loader() -> Loader:
    return create_loader()


def _load_service_model(service_name: str, model_name: str) -> dict[str, Any]:
    """One loader for all models: a new one looks through the folders of every service again."""
    return _loader().load_service_model(service_name, model_name)


moto_core._load_service_model = _load_service_model

_BACKENDS: dict[str, Any] = {}


@around(DomainDispatcherApplication, "get_backend_for_host")
def _backend_for_host(original: Any, self: Any, host: str | None) -> Any:
    """Which service answers for a host name: moto tries 180 patterns in turn."""
    if host is None:
        return original(self, host)
    if host not in _BACKENDS:
        _BACKENDS[host] = original(self, host)
    return _BACKENDS[host]
