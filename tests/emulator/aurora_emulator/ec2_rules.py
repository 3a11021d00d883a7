"""Security group rules: descriptions, tags, canonical ranges, and exactly the rules of a call in its response."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses import EC2Response

from .errors import ec2_error
from .extend import add, around


def _canonical(cidr: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return cidr


@around(SecurityGroupRule, "__init__")
def _new_rule(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.ip_range = dict(self.ip_range)
    for member in ("CidrIp", "CidrIpv6"):
        if member in self.ip_range:
            self.ip_range[member] = _canonical(self.ip_range[member])
    prefix_list = kwargs.get("prefix_list_id") or {}
    self.prefix_description = prefix_list.get("Description")


def _description(self: Any) -> str | None:
    return (
        self.ip_range.get("Description")
        or self.source_group.get("Description")
        or getattr(self, "prefix_description", None)
    )


def _key(rule: Any) -> tuple[Any, ...]:
    return (
        rule.ip_protocol,
        rule.from_port if rule.ip_protocol != "-1" else None,
        rule.to_port if rule.ip_protocol != "-1" else None,
        rule.ip_range.get("CidrIp"),
        rule.ip_range.get("CidrIpv6"),
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )


def _equal(self: Any, other: object) -> bool:
    return isinstance(other, SecurityGroupRule) and _key(self) == _key(other)


SecurityGroupRule.description = property(_description)  # type: ignore[assignment,method-assign]
SecurityGroupRule.__eq__ = _equal  # type: ignore[method-assign,assignment]
SecurityGroupRule.__hash__ = object.__hash__  # type: ignore[method-assign]


def _authorize(self: Any, direction: str) -> ActionResult:
    self.error_on_dryrun()
    backend = self.ec2_backend
    authorize = getattr(backend, f"authorize_security_group_{direction}")
    added: list[Any] = []
    group = None
    try:
        for kwargs in self._process_rules_from_querystring():
            group = backend.get_security_group_by_name_or_id(kwargs["group_name_or_id"], None)
            before = _rules(group, direction)
            authorize(**kwargs)
            added.extend(rule for rule in _rules(group, direction) if rule not in before)
    except Exception:
        _remove(group, direction, added)
        raise
    return ActionResult({"Return": True, "SecurityGroupRules": added})


def _rules(group: Any, direction: str) -> list[Any]:
    return [] if group is None else list(getattr(group, f"{direction}_rules"))


def _remove(group: Any, direction: str, added: list[Any]) -> None:
    """A call with several permissions is all or nothing."""
    if group is not None:
        kept = [rule for rule in _rules(group, direction) if rule not in added]
        setattr(group, f"{direction}_rules", kept)


@add(EC2Response)
def authorize_security_group_ingress(self: Any) -> ActionResult:
    """Add ingress rules and return exactly them."""
    return _authorize(self, "ingress")


@add(EC2Response)
def authorize_security_group_egress(self: Any) -> ActionResult:
    """Add egress rules and return exactly them."""
    return _authorize(self, "egress")


@around(SecurityGroupBackend, "create_security_group")
def _create_group(original: Any, self: Any, name: str, description: str, *args: Any, **kwargs: Any) -> Any:
    """Group names are unique in their VPC whatever their case."""
    vpc = kwargs.get("vpc_id") or (args[0] if args else None)
    taken = [item.name.lower() for item in self.groups.get(vpc, {}).values()]
    if name.lower() in taken and not kwargs.get("force"):
        raise ec2_error("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc}'")
    return original(self, name, description, *args, **kwargs)
