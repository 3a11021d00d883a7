"""Client tokens of EC2: a repeated create returns the first resource, and a changed request is refused.

moto ignores the token, so that a client which relies on it (after a lost response, say) would make a second resource.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from .errors import ec2_error
from .extend import around
from .world import WORLD

Find = Callable[[Any, str], Any]
# Action -> member of the response, and how the resource is found again.
_ACTIONS: dict[str, tuple[str, Find]] = {
    "create_nat_gateway": ("NatGateway", lambda ec2, name: ec2.nat_gateways.get(name)),
    "create_vpc_endpoint": ("VpcEndpoint", lambda ec2, name: ec2.vpc_end_points.get(name)),
    "create_route_table": ("RouteTable", lambda ec2, name: ec2.route_tables.get(name)),
    "create_network_acl": ("NetworkAcl", lambda ec2, name: ec2.network_acls.get(name)),
}


def fingerprint(parameters: Any) -> str:
    """What a token stands for: everything that was asked for with it."""
    content = {name: value for name, value in dict(parameters).items() if name not in ("ClientToken", "DryRun")}
    return json.dumps(content, sort_keys=True, default=str)


def _guard(action: str) -> None:
    member, find = _ACTIONS[action]

    @around(EC2Response, action)
    def tokened(original: Any, self: Any) -> Any:
        token = self._get_param("ClientToken")
        if not token:
            return original(self)
        known = WORLD.of(self.ec2_backend).tokens
        print_ = fingerprint(self._get_params())
        if (action, token) in known:
            seen, identifier = known[(action, token)]
            if seen != print_:
                raise ec2_error(
                    "IdempotentParameterMismatch",
                    "The client token you have provided has already been used with different request parameters.",
                )
            return ActionResult({member: find(self.ec2_backend, identifier), "ClientToken": token})
        result = original(self)
        content: Any = result.result
        known[(action, token)] = (print_, content[member].id)
        return ActionResult({**content, "ClientToken": token})


for _action in _ACTIONS:
    _guard(_action)
