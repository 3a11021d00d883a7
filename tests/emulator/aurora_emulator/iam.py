"""IAM: AWS's own policies at little cost, and when a role was made, as its use by other services lags behind."""

from __future__ import annotations

import copy
import time
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam import models as moto_iam
from moto.iam.models import AWSManagedPolicy, IAMBackend, iam_backends

from .extend import around
from .world import WORLD


@around(IAMBackend, "create_role")
def _create_role(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    role = original(self, *args, **kwargs)
    WORLD.at(self.account_id, "global").visible_at[f"role:{role.id}"] = time.monotonic()
    return role


_PRISTINE: dict[tuple[str, str], dict[str, AWSManagedPolicy]] = {}


def _pristine(account: str, partition: str) -> dict[str, AWSManagedPolicy]:
    if (account, partition) not in _PRISTINE:
        iam_backends[account][partition]
    return _PRISTINE[(account, partition)]


@around(IAMBackend, "_init_aws_policies")
def _aws_policies(original: Any, self: Any) -> list[AWSManagedPolicy]:
    """AWS's own policies are parsed once; a backend gets copies, since a policy counts its attachments."""
    key = (self.account_id, self.region_name)
    if key not in _PRISTINE:
        _PRISTINE[key] = {policy.arn: policy for policy in original(self)}
    return [copy.copy(policy) for policy in _PRISTINE[key].values()]


def managed_policy(account: str, partition: str, arn: str, attachments: int) -> AWSManagedPolicy:
    """A managed policy as a snapshot refers to it: by name, since its text is 5 MB for all of them."""
    policy = copy.copy(_pristine(account, partition)[arn])
    policy.attachment_count = attachments
    return policy


def account_of(access_key: str) -> str:
    """The account of an access key; moto would set up every partition of IAM to look for it."""
    for account, partitions in list(iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(dict.values(partitions))):
            return account
    return DEFAULT_ACCOUNT_ID


moto_iam.get_account_id_from = account_of
