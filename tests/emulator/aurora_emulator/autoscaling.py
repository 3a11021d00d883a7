"""Application Auto Scaling: tags of scalable targets, the service-linked role, and the alarms of target tracking."""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.rds.models import rds_backends

from .errors import json_error
from .extend import add, around
from .world import WORLD

_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/rds.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_RDSCluster"
)


def _tags(self: Any) -> dict[str, dict[str, str]]:
    return WORLD.of(self.applicationautoscaling_backend).scalable_target_tags


def _target(self: Any) -> Any:
    targets = self.applicationautoscaling_backend.targets
    return targets.get(self._get_param("ScalableDimension"), {}).get(self._get_param("ResourceId"))


@around(ApplicationAutoScalingResponse, "register_scalable_target")
def _register(original: Any, self: Any) -> Any:
    known = _target(self)
    if self._get_param("ServiceNamespace") == "rds":
        _check_cluster(self)
    if known is None and (self._get_param("MinCapacity") is None or self._get_param("MaxCapacity") is None):
        raise AWSValidationException("Either MinCapacity or MaxCapacity is missing for a new scalable target")
    result = original(self)
    target = _target(self)
    if target is None:
        return result
    if target.service_namespace == "rds":
        target.role_arn = _ROLE.format(account=self.current_account)
    if known is None:
        _tags(self)[target.arn] = dict(self._get_param("Tags") or {})
    return result


def _check_cluster(self: Any) -> None:
    name = str(self._get_param("ResourceId")).removeprefix("cluster:")
    if name not in rds_backends[self.current_account][self.region].clusters:
        raise AWSValidationException(f"DB cluster {name} not found")


@around(ApplicationAutoScalingResponse, "deregister_scalable_target", "delete_scaling_policy")
def _gone(original: Any, self: Any) -> Any:
    try:
        return original(self)
    except AWSValidationException as error:
        raise json_error("ObjectNotFoundException", str(error.message)) from None


@around(ApplicationAutoScalingResponse, "put_scaling_policy")
def _policy(original: Any, self: Any) -> Any:
    if _target(self) is None:
        raise json_error(
            "ObjectNotFoundException",
            "No scalable target registered for service namespace: "
            f"{self._get_param('ServiceNamespace')}, resource ID: {self._get_param('ResourceId')}, scalable dimension: "
            f"{self._get_param('ScalableDimension')}",
        )
    return original(self)


@around(ApplicationAutoScalingResponse, "describe_scaling_policies", "describe_scalable_targets")
def _described(original: Any, self: Any) -> Any:
    """"If you specify a scalable dimension, you must also specify a resource ID", says the reference of both."""
    if self._get_param("ScalableDimension") and not (self._get_param("ResourceId") or self._get_param("ResourceIds")):
        raise AWSValidationException("ResourceId must be specified when ScalableDimension is specified")
    return original(self)


def _arn(self: Any) -> str:
    arn = self._get_param("ResourceARN")
    known = {item.arn for group in self.applicationautoscaling_backend.targets.values() for item in group.values()}
    if arn not in known:
        raise json_error("ResourceNotFoundException", f"The resource {arn} does not exist.")
    return arn


@add(ApplicationAutoScalingResponse)
def list_tags_for_resource(self: Any) -> str:
    """The tags of a scalable target; moto answers 500, on which clients retry for minutes."""
    return json.dumps({"Tags": _tags(self).get(_arn(self), {})})


@add(ApplicationAutoScalingResponse)
def tag_resource(self: Any) -> str:
    """Add tags."""
    _tags(self).setdefault(_arn(self), {}).update(self._get_param("Tags"))
    return "{}"


@add(ApplicationAutoScalingResponse)
def untag_resource(self: Any) -> str:
    """Take tags away."""
    known = _tags(self).get(_arn(self), {})
    for key in self._get_param("TagKeys"):
        known.pop(key, None)
    return "{}"
