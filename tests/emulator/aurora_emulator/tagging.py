"""The Resource Groups Tagging API: every taggable kind that AWS lists, and pages of AWS's size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend
from moto.rds.models import RDSBackend
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from .cloudwatch import alarm_arn
from .extend import around
from .world import WORLD

# Without TagsPerPage a page is limited by the number of resources only.
_NO_LIMIT = 10**9


def _rds_kinds(backend: Any) -> dict[str, Any]:
    return {
        "rds:subgrp": backend.subnet_groups.values(),
        "rds:pg": backend.db_parameter_groups.values(),
        "rds:cluster-pg": backend.db_cluster_parameter_groups.values(),
        "rds:es": backend.event_subscriptions.values(),
        "rds:global-cluster": backend.global_clusters.values(),
        "rds:cluster-endpoint": WORLD.of(backend).cluster_endpoints.values(),
    }


@around(RDSBackend, "iter_tagged_resources")
def _rds(original: Any, self: Any) -> Iterator[TaggedResource]:
    yield from original(self)
    for kind, resources in _rds_kinds(self).items():
        for resource in resources:
            tags = {tag["Key"]: tag["Value"] for tag in resource.get_tags()}
            yield TaggedResource(arn=resource.arn, tags=tags, resource_type=kind)


def _ec2_kinds(backend: Any) -> Iterator[tuple[str, str]]:
    for name in backend.vpc_end_points:
        yield "vpc-endpoint", name
    for address in backend.addresses:
        if address.allocation_id:
            yield "elastic-ip", address.allocation_id
    for groups in backend.groups.values():
        for group in groups.values():
            for rule in group.ingress_rules + group.egress_rules:
                yield "security-group-rule", rule.id
    for name in backend.network_acls:
        yield "network-acl", name
    for name in backend.flow_logs:
        yield "vpc-flow-log", name


@around(EC2Backend, "iter_tagged_resources")
def _ec2(original: Any, self: Any) -> Iterator[TaggedResource]:
    # moto's name of a flow log is not AWS's.
    yield from (found for found in original(self) if found.resource_type != "ec2:flow-logs")
    prefix = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}"
    for kind, name in _ec2_kinds(self):
        tags = dict(self.tags.get(name, {}))
        yield TaggedResource(arn=f"{prefix}:{kind}/{name}", tags=tags, resource_type=f"ec2:{kind}")


@around(CloudWatchBackend, "iter_tagged_resources")
def _cloudwatch(original: Any, self: Any) -> Iterator[TaggedResource]:
    yield from original(self)
    for name in WORLD.of(self).composite_alarms:
        arn = alarm_arn(self, name)
        tags = self.tagger.get_tag_dict_for_resource(arn)
        yield TaggedResource(arn=arn, tags=tags, resource_type="cloudwatch:alarm")


@around(ResourceGroupsTaggingAPIBackend, "get_resources")
def _pages(original: Any, self: Any, **kwargs: Any) -> Any:
    if WORLD.of(self).bag.pop("tags-unlimited", False):
        kwargs["tags_per_page"] = _NO_LIMIT
    return original(self, **kwargs)


@around(ResourceGroupsTaggingAPIResponse, "get_resources")
def _request(original: Any, self: Any) -> Any:
    if self._get_param("TagsPerPage") is None:
        WORLD.at(self.current_account, self.region).bag["tags-unlimited"] = True
    return original(self)
