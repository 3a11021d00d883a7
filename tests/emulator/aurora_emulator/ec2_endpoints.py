"""VPC endpoints: pending, available, deleting, their defaults and what AWS refuses."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses import EC2Response

from .clock import TIMELINE, action
from .durations import seconds
from .errors import ec2_error
from .extend import add, around

Target = tuple[str, str, str]
_LIVING = ("pending", "available", "deleting")


def _target(backend: Any, endpoint: Any) -> Target:
    return (backend.account_id, backend.region_name, endpoint.id)


def _find(target: Target) -> tuple[Any, Any]:
    backend = ec2_backends[target[0]][target[1]]
    return backend, backend.vpc_end_points.get(target[2])


def living(backend: Any) -> list[Any]:
    """The endpoints that still hold their interfaces and routes."""
    return [item for item in backend.vpc_end_points.values() if item.state in _LIVING]


@around(EC2Response, "create_vpc_endpoint")
def _request(original: Any, self: Any) -> Any:
    if not self._get_param("VpcEndpointType"):
        self.params["VpcEndpointType"] = "Gateway"
    if self.params["VpcEndpointType"] == "Gateway":
        self.params["PrivateDnsEnabled"] = False
    return original(self)


@around(VPCBackend, "create_vpc_endpoint")
def _create(original: Any, self: Any, **kwargs: Any) -> Any:
    interface = (kwargs.get("endpoint_type") or "").lower() == "interface"
    vpc = self.get_vpc(kwargs["vpc_id"])
    if interface:
        _check_interface(self, vpc, kwargs)
        if not kwargs.get("security_group_ids"):
            kwargs["security_group_ids"] = [self.get_default_security_group(vpc.id).id]
    else:
        _check_gateway(self, kwargs)
    endpoint = original(self, **kwargs)
    endpoint.state = "pending"
    kind = "interface" if interface else "gateway"
    TIMELINE.schedule(seconds(f"vpc-endpoint.create-{kind}"), "endpoint-settles", _target(self, endpoint))
    return endpoint


def _check_interface(backend: Any, vpc: Any, kwargs: dict[str, Any]) -> None:
    zones = [backend.get_subnet(item).availability_zone for item in kwargs.get("subnet_ids") or []]
    if len(set(zones)) < len(zones):
        raise ec2_error("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")
    for group in kwargs.get("security_group_ids") or []:
        if backend.get_security_group_from_id(group) is None:
            raise ec2_error("InvalidSecurityGroupID.NotFound", f"The security group '{group}' does not exist")
    if not kwargs.get("private_dns_enabled"):
        return
    if vpc.enable_dns_support not in (True, "true") or vpc.enable_dns_hostnames not in (True, "true"):
        raise ec2_error(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc.id}",
        )
    for other in living(backend):
        if (other.vpc_id, other.service_name) == (vpc.id, kwargs["service_name"]) and other.private_dns_enabled:
            raise ec2_error(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{kwargs['service_name']} in the VPC {vpc.id}",
            )


def _check_gateway(backend: Any, kwargs: dict[str, Any]) -> None:
    tables = set(kwargs.get("route_table_ids") or [])
    for name in tables:
        backend.get_route_table(name)
    for other in living(backend):
        shared = tables & set(other.route_table_ids or [])
        if other.service_name == kwargs["service_name"] and other.vpc_endpoint_type == "Gateway" and shared:
            raise ec2_error(
                "RouteAlreadyExists",
                f"route table {sorted(shared)[0]} already has a route with destination-prefix-list-id "
                f"{other.destination_prefix_list_id}",
            )


@action("endpoint-settles")
def _settles(target: Target) -> None:
    _, endpoint = _find(target)
    if endpoint is not None and endpoint.state == "pending":
        endpoint.state = "available"


@add(EC2Response)
def delete_vpc_endpoints(self: Any) -> ActionResult:
    """A batch call: HTTP 200 with the ids that failed."""
    unsuccessful = []
    for name in self._get_param("VpcEndpointIds", []):
        endpoint = self.ec2_backend.vpc_end_points.get(name)
        if endpoint is None:
            message = f"The Vpc Endpoint Id '{name}' does not exist"
            error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}
            unsuccessful.append({"ResourceId": name, "Error": error})
        elif endpoint.state in ("pending", "available", "failed"):
            _start_deleting(self.ec2_backend, endpoint)
    return ActionResult({"Unsuccessful": unsuccessful})


def _start_deleting(backend: Any, endpoint: Any) -> None:
    TIMELINE.cancel(_target(backend, endpoint))
    endpoint.state = "deleting"
    kind = "interface" if endpoint.vpc_endpoint_type == "Interface" else "gateway"
    TIMELINE.schedule(seconds(f"vpc-endpoint.delete-{kind}"), "endpoint-deleted", _target(backend, endpoint))


@action("endpoint-deleted")
def _deleted(target: Target) -> None:
    backend, endpoint = _find(target)
    if endpoint is None or endpoint.state != "deleting":
        return
    for interface in endpoint.network_interface_ids:
        backend.enis.pop(interface, None)
    for table in endpoint.route_table_ids or []:
        _drop_routes(backend, table, endpoint)
    endpoint.state = "deleted"
    TIMELINE.schedule(seconds("vpc-endpoint.tombstone"), "endpoint-forgotten", target)


def _drop_routes(backend: Any, table_id: str, endpoint: Any) -> None:
    table = backend.route_tables.get(table_id)
    if table is None:
        return
    gone = [name for name, route in table._routes.items() if getattr(route.gateway, "id", None) == endpoint.id]
    for name in gone:
        del table._routes[name]


@action("endpoint-forgotten")
def _forgotten(target: Target) -> None:
    backend, endpoint = _find(target)
    if endpoint is not None:
        backend.vpc_end_points.pop(endpoint.id)
        backend.tags.pop(endpoint.id, None)


@around(EC2Response, "modify_vpc_endpoint")
def _modify_request(original: Any, self: Any) -> Any:
    endpoint = self.ec2_backend.describe_vpc_endpoints(vpc_end_point_ids=[self._get_param("VpcEndpointId")])[0]
    if endpoint.state not in ("available",):
        raise ec2_error("IncorrectState", f"The VPC endpoint {endpoint.id} is not in a modifiable state")
    before = set(endpoint.route_table_ids or [])
    result = original(self)
    if self._get_param("ResetPolicy"):
        endpoint.policy_document = _default_policy()
    if self._get_param("PrivateDnsEnabled") is not None:
        endpoint.private_dns_enabled = self._get_bool_param("PrivateDnsEnabled")
    _follow_tables(self.ec2_backend, endpoint, before)
    return result


def _default_policy() -> str:
    return json.dumps(VPCEndPoint.DEFAULT_POLICY)


def _follow_tables(backend: Any, endpoint: Any, before: set[str]) -> None:
    if endpoint.vpc_endpoint_type != "Gateway" or not endpoint.destination_prefix_list_id:
        return
    for table in before - set(endpoint.route_table_ids):
        _drop_routes(backend, table, endpoint)
    for table in set(endpoint.route_table_ids) - before:
        backend.create_route(
            table,
            None,
            gateway_id=endpoint.id,
            destination_prefix_list_id=endpoint.destination_prefix_list_id,
        )


@around(VPCBackend, "delete_vpc_endpoints")
def _delete_backend(_original: Any, self: Any, vpce_ids: list[str] | None = None) -> None:
    for name in vpce_ids or []:
        if name in self.vpc_end_points:
            _start_deleting(self, self.vpc_end_points[name])


@around(VPCEndPoint, "get_filter_value")
def _filter_value(original: Any, self: Any, filter_name: str, method_name: str | None = None) -> Any:
    """The filters that moto does not know on endpoints."""
    if filter_name == "vpc-endpoint-id":
        return self.id
    return original(self, filter_name, method_name)
