"""Eventual consistency: for a while, Describe does not know what was just created.

Off by default. The time is wall time, since instant mode has no other.
"""

from __future__ import annotations

import time
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.rds.responses import RDSResponse
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from .errors import ec2_error, rds_error
from .extend import around
from .world import WORLD

# Create action -> member of its response.
_EC2_CREATES = {
    "create_vpc": "Vpc",
    "create_subnet": "Subnet",
    "create_internet_gateway": "InternetGateway",
    "create_nat_gateway": "NatGateway",
    "create_route_table": "RouteTable",
    "create_vpc_endpoint": "VpcEndpoint",
    "create_security_group": "GroupId",
    "allocate_address": "AllocationId",
    "create_flow_logs": "FlowLogIds",
}
# Describe action -> (member of its response, parameter with ids, code for an unknown id).
_EC2_READS = {
    "describe_vpcs": ("Vpcs", "VpcIds", "InvalidVpcID.NotFound"),
    "describe_subnets": ("Subnets", "SubnetIds", "InvalidSubnetID.NotFound"),
    "describe_internet_gateways": (
        "InternetGateways",
        "InternetGatewayIds",
        "InvalidInternetGatewayID.NotFound",
    ),
    "describe_nat_gateways": ("NatGateways", "NatGatewayIds", "NatGatewayNotFound"),
    "describe_route_tables": ("RouteTables", "RouteTableIds", "InvalidRouteTableID.NotFound"),
    "describe_vpc_endpoints": ("VpcEndpoints", "VpcEndpointIds", "InvalidVpcEndpointId.NotFound"),
    "describe_security_groups": ("SecurityGroups", "GroupIds", "InvalidGroup.NotFound"),
    "describe_flow_logs": ("FlowLogs", "FlowLogIds", "InvalidFlowLogId.NotFound"),
    "describe_addresses": ("Addresses", "AllocationIds", "InvalidAllocationID.NotFound"),
}
_RDS_CREATES = {
    "create_db_cluster": ("DBCluster", "db_cluster_identifier", "cluster"),
    "create_db_instance": ("DBInstance", "db_instance_identifier", "db"),
    "create_db_subnet_group": ("DBSubnetGroup", "name", "subgrp"),
    "create_db_parameter_group": ("DBParameterGroup", "name", "pg"),
    "create_db_cluster_parameter_group": ("DBClusterParameterGroup", "name", "cluster-pg"),
}
_RDS_READS = {
    "describe_db_clusters": ("DBClusters", "DBClusterIdentifier", "cluster", "DBClusterNotFoundFault"),
    "describe_db_instances": ("DBInstances", "DBInstanceIdentifier", "db", "DBInstanceNotFound"),
    "describe_db_subnet_groups": ("DBSubnetGroups", "DBSubnetGroupName", "subgrp", "DBSubnetGroupNotFoundFault"),
    "describe_db_parameter_groups": ("DBParameterGroups", "DBParameterGroupName", "pg", "DBParameterGroupNotFound"),
    "describe_db_cluster_parameter_groups": (
        "DBClusterParameterGroups",
        "DBClusterParameterGroupName",
        "cluster-pg",
        "DBParameterGroupNotFound",
    ),
}


def _hide(backend: Any, key: str) -> None:
    WORLD.of(backend).visible_at[key] = time.monotonic() + WORLD.settings.consistency_seconds


def _hidden(backend: Any, key: str) -> bool:
    return time.monotonic() < WORLD.of(backend).visible_at.get(key, 0.0)


def _identifier(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    return str(getattr(resource, "allocation_id", None) or getattr(resource, "id", ""))


@around(EC2Response, *_EC2_CREATES)
def _ec2_create(original: Any, self: Any) -> Any:
    result = original(self)
    if WORLD.settings.consistency_seconds and isinstance(result, ActionResult):
        content: Any = result.result
        for member in _EC2_CREATES.values():
            found = content.get(member) if isinstance(content, dict) else getattr(content, "allocation_id", None)
            for one in found if isinstance(found, list) else [found]:
                if one is not None:
                    _hide(self.ec2_backend, _identifier(one))
    return result


def _ec2_read(action: str) -> None:
    member, parameter, code = _EC2_READS[action]

    @around(EC2Response, action)
    def read(original: Any, self: Any) -> Any:
        if not WORLD.settings.consistency_seconds:
            return original(self)
        for name in self._get_param(parameter, []) or []:
            if _hidden(self.ec2_backend, name):
                raise ec2_error(code, f"The ID '{name}' does not exist")
        result = original(self)
        content: Any = result.result
        content[member] = [item for item in content[member] if not _hidden(self.ec2_backend, _identifier(item))]
        return result


def _rds_create(action: str) -> None:
    member, attribute, kind = _RDS_CREATES[action]

    @around(RDSResponse, action)
    def create(original: Any, self: Any) -> Any:
        result = original(self)
        if WORLD.settings.consistency_seconds:
            content: Any = result.result
            _hide(self.backend, f"{kind}:{getattr(content[member], attribute)}")
        return result


def _rds_read(action: str) -> None:
    member, parameter, kind, code = _RDS_READS[action]

    @around(RDSResponse, action)
    def read(original: Any, self: Any) -> Any:
        if not WORLD.settings.consistency_seconds:
            return original(self)
        name = self.params.get(parameter)
        if name and _hidden(self.backend, f"{kind}:{name.lower()}"):
            raise rds_error(code, f"{name} not found.")
        result = original(self)
        content: Any = result.result
        content[member] = [item for item in content[member] if not _hidden(self.backend, f"{kind}:{item.resource_id}")]
        return result


@around(ResourceGroupsTaggingAPIBackend, "_get_resources_generator")
def _index(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """The index of tags lags behind as well."""
    for item in original(self, *args, **kwargs):
        if not WORLD.settings.consistency_seconds or not _arn_hidden(self, item):
            yield item


def _arn_hidden(backend: Any, item: TaggedResource) -> bool:
    last = item.arn.split(":", 5)[-1]
    return _hidden(backend, last.rsplit("/", 1)[-1]) or _hidden(backend, last)


for _name in _EC2_READS:
    _ec2_read(_name)
for _name in _RDS_CREATES:
    _rds_create(_name)
for _name in _RDS_READS:
    _rds_read(_name)
