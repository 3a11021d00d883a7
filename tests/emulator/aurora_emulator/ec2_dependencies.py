"""What may not be deleted yet: AWS answers DependencyViolation where moto deletes."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.route_tables import Route, RouteBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.rds.models import rds_backends

from .ec2_endpoints import living as living_endpoints
from .errors import ec2_error
from .extend import around
from .rds_groups import subnets_in_use

_NAT_HOLDS = ("pending", "available", "deleting")


def _violation(message: str) -> Exception:
    return ec2_error("DependencyViolation", message)


def _living_nats(backend: Any) -> list[Any]:
    return [item for item in backend.nat_gateways.values() if item.state in _NAT_HOLDS]


def _database(backend: Any) -> Any:
    return rds_backends[backend.account_id][backend.region_name]


@around(SubnetBackend, "delete_subnet")
def _delete_subnet(original: Any, self: Any, subnet_id: str) -> Any:
    self.get_subnet(subnet_id)
    database = _database(self)
    holders = [item.id for item in _living_nats(self) if item.subnet_id == subnet_id]
    holders += [item.id for item in living_endpoints(self) if subnet_id in (item.subnet_ids or [])]
    holders += [group.name for group in database.subnet_groups.values() if subnet_id in subnets_in_use(database, group)]
    if holders:
        raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    subnet = original(self, subnet_id)
    for table in self.route_tables.values():
        table._associations = type(table._associations)(
            (name, target) for name, target in table._associations.items() if target != subnet_id
        )
    return subnet


@around(SecurityGroupBackend, "delete_security_group")
def _delete_group(original: Any, self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    group = self.get_security_group_by_name_or_id(group_id or name, None)
    if group is not None and not _vpc_is_going(self, group):
        _refuse_group(self, group)
    return original(self, name, group_id)


def _vpc_is_going(backend: Any, group: Any) -> bool:
    """The default group goes with its VPC; moto deletes it through the same method."""
    return group.name == "default" and getattr(backend, "deleting_vpc", None) == group.vpc_id


def _refuse_group(backend: Any, group: Any) -> None:
    if group.name == "default":
        raise ec2_error(
            "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        )
    clusters = _database(backend).clusters.values()
    used = any(group.id in item.vpc_security_group_ids for item in clusters)
    used = used or any(group.id in (item.security_group_ids or []) for item in living_endpoints(backend))
    used = used or _referenced(backend, group)
    if used:
        raise _violation(f"resource {group.id} has a dependent object")


def _referenced(backend: Any, group: Any) -> bool:
    others = [item for item in backend.groups[group.vpc_id].values() if item is not group]
    rules = [rule for item in others for rule in item.ingress_rules + item.egress_rules]
    return any(rule.source_group.get("GroupId") == group.id for rule in rules)


@around(InternetGatewayBackend, "detach_internet_gateway")
def _detach(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    if any(item.vpc_id == vpc_id and item.connectivity_type == "public" for item in _living_nats(self)):
        raise _violation(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    return original(self, internet_gateway_id, vpc_id)


@around(ElasticAddressBackend, "release_address")
def _release(original: Any, self: Any, address: str | None = None, allocation_id: str | None = None) -> Any:
    found = self.address_by_allocation([allocation_id]) if allocation_id else self.address_by_ip([address])
    if found and found[0].association_id:
        raise ec2_error("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
    return original(self, address, allocation_id)


@around(VPCBackend, "delete_vpc")
def _delete_vpc(original: Any, self: Any, vpc_id: str) -> Any:
    self.get_vpc(vpc_id)
    holders: list[Any] = [item for item in self.internet_gateways.values() if item.vpc and item.vpc.id == vpc_id]
    holders += [item for item in living_endpoints(self) if item.vpc_id == vpc_id]
    holders += [item for item in self.groups.get(vpc_id, {}).values() if item.name != "default"]
    if holders:
        raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    self.deleting_vpc = vpc_id
    try:
        return original(self, vpc_id)
    finally:
        self.deleting_vpc = None


@around(RouteBackend, "associate_route_table")
def _associate(
    original: Any, self: Any, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
) -> Any:
    for table in self.route_tables.values():
        if subnet_id and table.id != route_table_id and subnet_id in table._associations.values():
            raise ec2_error(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {route_table_id} conflicts with an existing association",
            )
    return original(self, route_table_id, gateway_id, subnet_id)


@around(RouteBackend, "create_route")
def _create_route(original: Any, self: Any, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
    table = self.get_route_table(route_table_id)
    destination = _destination(args, kwargs)
    for route in table._routes.values():
        if destination and destination in (route.destination_cidr_block, _prefix_list(route)) and not route.local:
            raise ec2_error("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    nat = kwargs.get("nat_gateway_id")
    if nat and (nat not in self.nat_gateways or self.nat_gateways[nat].state in ("deleted", "failed")):
        raise ec2_error("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat}' does not exist")
    return original(self, route_table_id, *args, **kwargs)


def _destination(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    given = args[0] if args else kwargs.get("destination_cidr_block")
    return given or kwargs.get("destination_prefix_list_id")


def _prefix_list(route: Any) -> str | None:
    return route.destination_prefix_list.id if route.destination_prefix_list else None


def _route_state(self: Any) -> str:
    """A route to something that is gone stays, as a black hole."""
    if self.nat_gateway is not None and self.nat_gateway.state in ("deleting", "deleted", "failed"):
        return "blackhole"
    gateway = self.gateway
    if gateway is not None and gateway.id.startswith("igw-") and getattr(gateway, "vpc", None) is None:
        return "blackhole"
    return "active"


Route.state = property(_route_state)  # type: ignore[assignment,method-assign]
