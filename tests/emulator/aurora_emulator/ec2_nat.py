"""NAT gateways: pending, available, failed, deleting, deleted, and the tombstone that stays visible for an hour.

The errors of a NAT gateway are asynchronous on AWS: the call succeeds and the gateway fails later, with a code.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models import nat_gateways as moto_nat
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend

from .clock import TIMELINE, action
from .durations import seconds
from .errors import ec2_error
from .extend import around
from .world import WORLD

_PER_ZONE = 5
Target = tuple[str, str, str]


class LivingNatGateway(NatGateway):
    """A NAT gateway with a lifecycle."""

    failure_code: str | None = None
    failure_message: str | None = None
    delete_time: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = "pending"

    @property
    def create_time(self) -> Any:
        """When it was created."""
        return self._created_at


moto_nat.NatGateway = LivingNatGateway  # type: ignore[misc]


def _target(backend: Any, gateway: Any) -> Target:
    return (backend.account_id, backend.region_name, gateway.id)


def _find(target: Target) -> tuple[Any, Any]:
    backend = ec2_backends[target[0]][target[1]]
    return backend, backend.nat_gateways.get(target[2])


@around(NatGatewayBackend, "create_nat_gateway")
def _create(
    original: Any,
    self: Any,
    subnet_id: str,
    allocation_id: str,
    tags: Any = None,
    connectivity_type: str | None = None,
) -> Any:
    kind = connectivity_type or "public"
    subnet = self.get_subnet(subnet_id)
    if kind == "public" and not allocation_id:
        raise ec2_error("MissingParameter", "The request must include the AllocationId parameter.")
    address = self.address_by_allocation([allocation_id])[0] if allocation_id else None
    self_in_zone = [
        item
        for item in self.nat_gateways.values()
        if item.state in ("pending", "available", "deleting")
        and self.get_subnet(item.subnet_id).availability_zone == subnet.availability_zone
    ]
    if len(self_in_zone) >= _PER_ZONE:
        raise ec2_error("NatGatewayLimitExceeded", "Performing this operation would exceed the limit of 5 NAT gateways")
    failure = _future_failure(self, subnet, address, kind)
    usable = allocation_id if not failure else None
    gateway = original(self, subnet_id, usable, tags, kind)
    if failure:
        gateway.address_set[0]["allocationId"] = allocation_id
    TIMELINE.schedule(seconds("nat-gateway.create"), "nat-settles", _target(self, gateway), *(failure or (None, None)))
    return gateway


def _future_failure(backend: Any, subnet: Any, address: Any, kind: str) -> tuple[str, str] | None:
    if kind != "public":
        return None
    if address is not None and address.association_id:
        return (
            "Resource.AlreadyAssociated",
            f"Elastic IP address [{address.allocation_id}] is already associated",
        )
    attached = [item for item in backend.internet_gateways.values() if item.vpc and item.vpc.id == subnet.vpc_id]
    if not attached:
        return ("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")
    return None


@action("nat-settles")
def _settles(target: Target, code: str | None, message: str | None) -> None:
    backend, gateway = _find(target)
    if gateway is None or gateway.state != "pending":
        return
    forced = WORLD.of(backend).forced_failures.pop(("nat-gateway", gateway.id), None)
    if forced:
        code, message = forced, "An internal error occurred."
    if code:
        fail(gateway, code, message or "")
    else:
        gateway.state = "available"


def fail(gateway: Any, code: str, message: str) -> None:
    """Let a gateway fail; it keeps neither address nor interface."""
    _release(gateway.ec2_backend, gateway)
    gateway.state = "failed"
    gateway.failure_code, gateway.failure_message = code, message
    TIMELINE.forget_later(seconds("nat-gateway.tombstone"), "nat-forgotten", _target(gateway.ec2_backend, gateway))


def _release(backend: Any, gateway: Any) -> None:
    for address in backend.addresses:
        if address.eni is gateway._eni:
            address.eni = None
            address.association_id = None
    backend.enis.pop(gateway._eni.id, None)


@around(NatGatewayBackend, "delete_nat_gateway")
def _delete(_original: Any, self: Any, nat_gateway_id: str) -> Any:
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise ec2_error("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    if gateway.state in ("pending", "available", "failed"):
        TIMELINE.cancel(_target(self, gateway))
        gateway.state = "deleting"
        TIMELINE.schedule(seconds("nat-gateway.delete"), "nat-deleted", _target(self, gateway))
    return gateway


@action("nat-deleted")
def _deleted(target: Target) -> None:
    backend, gateway = _find(target)
    if gateway is None or gateway.state != "deleting":
        return
    _release(backend, gateway)
    gateway.state = "deleted"
    TIMELINE.forget_later(seconds("nat-gateway.tombstone"), "nat-forgotten", target)


@action("nat-forgotten")
def _forgotten(target: Target) -> None:
    backend, gateway = _find(target)
    if gateway is not None:
        backend.nat_gateways.pop(gateway.id)
        backend.tags.pop(gateway.id, None)


@around(NatGatewayBackend, "describe_nat_gateways")
def _describe(original: Any, self: Any, filters: Any, nat_gateway_ids: list[str] | None) -> Any:
    unknown = [item for item in nat_gateway_ids or [] if item not in self.nat_gateways]
    if unknown:
        raise ec2_error("NatGatewayNotFound", f"The Nat Gateway {unknown[0]} was not found")
    found = original(self, filters, nat_gateway_ids)
    tag_filters = {name: values for name, values in (filters or {}).items() if name.startswith("tag")}
    return [item for item in found if _tagged(self, item, tag_filters)]


def _tagged(backend: Any, gateway: Any, filters: dict[str, list[str]]) -> bool:
    tags = backend.tags.get(gateway.id, {})
    for name, values in filters.items():
        if name == "tag-key" and not set(values) & set(tags):
            return False
        if name.startswith("tag:") and tags.get(name[4:]) not in values:
            return False
    return True
