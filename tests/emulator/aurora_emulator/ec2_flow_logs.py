"""Flow logs: the role that they write as, client tokens, and a group that is not made anew behind anybody's back."""

from __future__ import annotations

import time
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.ec2.responses import EC2Response
from moto.iam.models import iam_backends

from .ec2_tokens import fingerprint
from .errors import ec2_error
from .extend import around
from .world import WORLD

_SERVICE = "vpc-flow-logs.amazonaws.com"
_ACTION = "create_flow_logs"


def _role(backend: Any, arn: str | None) -> Any:
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def _assumable(backend: Any, role: Any) -> bool:
    if role is None or _SERVICE not in str(role.assume_role_policy_document):
        return False
    born = WORLD.at(backend.account_id, "global").visible_at.get(f"role:{role.id}", 0.0)
    return time.monotonic() >= born + WORLD.settings.iam_propagation_seconds


def _may(role: Any, action: str) -> bool:
    """Does some policy of the role's own name the action? AWS has no managed one for flow logs."""
    return any(action in str(document) or '"logs:*"' in str(document) for document in role.policies.values())


@around(FlowLogsBackend, "create_flow_logs")
def _create(original: Any, self: Any, **kwargs: Any) -> Any:
    if kwargs.get("log_destination_type") in (None, "cloud-watch-logs") and kwargs["deliver_logs_permission_arn"]:
        role = _role(self, kwargs["deliver_logs_permission_arn"])
        if not _assumable(self, role):
            raise ec2_error("InvalidParameter", "Unable to assume given IAM role")
        made, refused = original(self, **kwargs)
        for log in made:
            if not _may(role, "logs:PutLogEvents"):
                log.deliver_logs_status, log.deliver_logs_error_message = "FAILED", "Access error"
        return made, refused
    return original(self, **kwargs)


@around(EC2Response, _ACTION)
def _tokened(original: Any, self: Any) -> Any:
    token = self._get_param("ClientToken")
    if not token:
        return original(self)
    known, print_ = WORLD.of(self.ec2_backend).tokens, fingerprint(self._get_params())
    if (_ACTION, token) in known:
        seen, identifiers = known[(_ACTION, token)]
        if seen != print_:
            raise ec2_error(
                "IdempotentParameterMismatch",
                "The client token you have provided has already been used with different request parameters.",
            )
        return ActionResult({"FlowLogIds": identifiers, "Unsuccessful": [], "ClientToken": token})
    result = original(self)
    content: Any = result.result
    if content["FlowLogIds"]:
        known[(_ACTION, token)] = (print_, content["FlowLogIds"])
    return ActionResult({**content, "ClientToken": token})
