"""KMS: what can no longer be done with a key that waits for its deletion."""

from __future__ import annotations

from typing import Any

from moto.kms.responses import KmsResponse

from .errors import json_error
from .extend import around

_REFUSED_WHILE_PENDING = (
    "enable_key",
    "disable_key",
    "enable_key_rotation",
    "disable_key_rotation",
    "update_key_description",
    "tag_resource",
    "untag_resource",
    "create_alias",
    "schedule_key_deletion",
)


@around(KmsResponse, *_REFUSED_WHILE_PENDING)
def _needs_living_key(original: Any, self: Any) -> Any:
    reference = self._get_param("KeyId") or self._get_param("TargetKeyId")
    key = _key(self.kms_backend, reference)
    if key is not None and key.key_state == "PendingDeletion":
        raise json_error("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return original(self)


def _key(backend: Any, reference: str | None) -> Any:
    if not reference:
        return None
    try:
        return backend.keys.get(backend.any_id_to_key_id(reference))
    except KeyError:
        return None
