"""CloudWatch Logs: the key of a log group that exists, which moto can only set when the group is made; its tags go with it."""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.logs.responses import LogsResponse

from .errors import json_error
from .extend import add, around


def _group(self: Any) -> Any:
    name = self._get_param("logGroupName") or ""
    if not name:
        # A group may also be named by its ARN, with or without the `:*` behind it.
        name = (self._get_param("resourceIdentifier") or "").partition(":log-group:")[2].removesuffix(":*")
    group = self.logs_backend.groups.get(name)
    if group is None:
        raise json_error("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def _usable(self: Any, arn: str) -> None:
    """The key is given as an ARN, and must be there and enabled."""
    key = kms_backends[self.logs_backend.account_id][self.logs_backend.region_name].keys.get(arn.rpartition("/")[2])
    if not arn.startswith("arn:") or key is None or key.key_state != "Enabled":
        raise json_error(
            "InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used"
        )


@around(LogsResponse, "create_log_group")
def _create_log_group(original: Any, self: Any) -> Any:
    if arn := self._get_param("kmsKeyId"):
        _usable(self, arn)
    return original(self)


@around(LogsResponse, "delete_log_group")
def _delete_log_group(original: Any, self: Any) -> Any:
    """moto gives the tags of a group to the next one of its name."""
    group = self.logs_backend.groups.get(self._get_param("logGroupName"))
    answer = original(self)
    if group is not None:
        self.logs_backend.tagger.delete_all_tags_for_resource(group.arn)
    return answer


@add(LogsResponse)
def associate_kms_key(self: Any) -> str:
    """What is written from now on is encrypted with this key."""
    group, arn = _group(self), self._get_param("kmsKeyId") or ""
    _usable(self, arn)
    group.kms_key_id = arn
    return ""


@add(LogsResponse)
def disassociate_kms_key(self: Any) -> str:
    """What is written from now on is encrypted with CloudWatch Logs' own key."""
    _group(self).kms_key_id = None
    return ""
