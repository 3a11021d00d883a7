"""What moto does at great cost and nobody here asks for.

An empty account would hold 1300 machine images with a volume and a snapshot each: half a second per reset, a larger
snapshot, and no test of a database needs one.
"""

from __future__ import annotations

import secrets
from typing import Any

from moto.ec2 import utils as moto_utils
from moto.ec2.models.amis import AmiBackend

from .extend import add


@add(AmiBackend)
def _load_amis(self: Any) -> None:
    """No machine images."""


def random_resource_id(size: int = 8) -> str:
    """Hexadecimal digits, in one call instead of one per digit."""
    return secrets.token_hex((size + 1) // 2)[:size]


moto_utils.random_resource_id = random_resource_id
