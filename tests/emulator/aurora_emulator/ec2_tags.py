"""Tags of EC2: direct look-up (moto scans every tag of the account per resource), and AWS's resource type names."""

from __future__ import annotations

from typing import Any

from moto.ec2 import utils as moto_utils
from moto.ec2.models import tags as moto_tags
from moto.ec2.models.core import TaggedEC2Resource

from .extend import add

# What moto calls otherwise than AWS; the names are those of TagSpecifications and of the tag filter `resource-type`.
_NAMES = {"nat": "natgateway", "eipalloc": "elastic-ip", "fl": "vpc-flow-log", "pl": "prefix-list"}

moto_utils.EC2_PREFIX_TO_RESOURCE.update(_NAMES)
moto_tags.EC2_PREFIX_TO_RESOURCE.update(_NAMES)


@add(TaggedEC2Resource)
def get_tags(self: Any) -> list[dict[str, str]]:
    """The tags of one resource, in the order in which they were set."""
    if not self.id:
        return []
    found = self.ec2_backend.tags.get(self.id, {})
    kind = moto_utils.EC2_PREFIX_TO_RESOURCE.get(moto_utils.get_prefix(self.id), "")
    return [{"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in found.items()]
