"""Failures that come later: a NAT gateway that turns `failed`, an instance with incompatible parameters, and so on.

Failures of calls (throttling, 5xx, resets) are the proxy's business; these are states of resources.
"""

from __future__ import annotations

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from . import ec2_nat
from .clock import TIMELINE
from .rds_lifecycle import cluster_target, instance_target
from .world import WORLD

_KINDS = ("nat-gateway", "db-cluster", "db-instance", "vpc-endpoint")


def apply(body: dict[str, Any]) -> dict[str, Any]:
    """`{action, name, state}`: the kind of resource, its id, and the state (for a NAT gateway: the failure code).

    `account` and `region` say where, if not in the emulator's own.

    A resource that exists fails now; one that does not is going to end in that state when its creation is done.
    """
    kind, name, state = body["action"], body["name"], body["state"]
    if kind not in _KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(_KINDS)}")
    place = (body.get("account", DEFAULT_ACCOUNT_ID), body.get("region", "us-east-1"))
    now = _fail_now(kind, name, state, place)
    if not now:
        WORLD.at(*place).forced_failures[(kind, name)] = state
    return {"failed": now, "pending": not now}


def _fail_now(kind: str, name: str, state: str, place: tuple[str, str]) -> bool:
    account, region = place
    ec2: Any = ec2_backends[account][region]
    rds: Any = rds_backends[account][region]
    if kind == "nat-gateway" and name in ec2.nat_gateways:
        gateway = ec2.nat_gateways[name]
        TIMELINE.cancel((account, region, name))
        ec2_nat.fail(gateway, state, "An internal error occurred.")
        return True
    if kind == "vpc-endpoint" and name in ec2.vpc_end_points:
        TIMELINE.cancel((account, region, name))
        ec2.vpc_end_points[name].state = state
        return True
    if kind == "db-cluster" and name in rds.clusters:
        TIMELINE.cancel(cluster_target(rds.clusters[name]))
        rds.clusters[name].state = state
        return True
    if kind == "db-instance" and name in rds.databases:
        TIMELINE.cancel(instance_target(rds.databases[name]))
        rds.databases[name].state = state
        return True
    return False
