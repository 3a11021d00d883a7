"""Switchover and failover of global clusters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import rds_backends
from moto.rds.responses import RDSResponse

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .extend import add


def _named(self: Any) -> Any:
    name = self.params["GlobalClusterIdentifier"]
    found = self.global_backend.global_clusters.get(name)
    if found is None:
        raise rds_error("GlobalClusterNotFoundFault", f"Global cluster {name} not found.")
    return found


def _promote(self: Any, state: str) -> ActionResult:
    group = _named(self)
    if group.status != "available":
        raise rds_error("InvalidGlobalClusterStateFault", f"Global cluster is {group.status}.")
    wanted = self.params["TargetDbClusterIdentifier"]
    target = next((item for item in group.members if wanted in (item.arn, item.db_cluster_identifier)), None)
    if target is None:
        raise rds_error("DBClusterNotFoundFault", f"DBCluster {wanted} not found in the global cluster.")
    if target.is_writer:
        raise rds_error("InvalidDBClusterStateFault", "The target DB cluster is already the primary.")
    if target.state != "available":
        raise rds_error("InvalidDBClusterStateFault", f"The target DB cluster is {target.state}.")
    for member in group.members:
        member.is_writer = member is target
    group.status = state
    key = (group.account_id, "us-east-1", group.global_cluster_identifier)
    TIMELINE.schedule(seconds("global-cluster.modify"), "global-cluster-settles", key, state)
    return ActionResult({"GlobalCluster": group})


@action("global-cluster-settles")
def _settles(target: tuple[str, str, str], state: str) -> None:
    group = rds_backends[target[0]][target[1]].global_clusters.get(target[2])
    if group is not None and group.status == state:
        group.status = "available"


@add(RDSResponse)
def switchover_global_cluster(self: Any) -> ActionResult:
    """Change the primary without loss; both sides must be healthy."""
    group = _named(self)
    if any(member.state != "available" for member in group.members):
        raise rds_error("InvalidDBClusterStateFault", "Every DB cluster of the global cluster must be available.")
    return _promote(self, "switching-over")


@add(RDSResponse)
def failover_global_cluster(self: Any) -> ActionResult:
    """Change the primary; with AllowDataLoss although the old one may be gone."""
    if not self.params.get("AllowDataLoss") and not self.params.get("Switchover"):
        raise rds_error("InvalidParameterCombination", "Specify either AllowDataLoss or Switchover.")
    return _promote(self, "failing-over")
