"""The states of clusters and instances, and what moves them.

A transition names its target by (account, region, resource id), not by object or name: after a restore the object is
another one, and a name may meanwhile belong to a new resource.
"""

from __future__ import annotations

from typing import Any

from moto.logs.models import logs_backends
from moto.rds.models import rds_backends

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .world import WORLD

Target = tuple[str, str, str]


def cluster_target(cluster: Any) -> Target:
    """The target of a cluster's transitions."""
    return (cluster.account_id, cluster.region, cluster.db_cluster_resource_id)


def instance_target(instance: Any) -> Target:
    """The target of an instance's transitions."""
    return (instance.account_id, instance.region, instance.dbi_resource_id)


def find_cluster(target: Target) -> Any | None:
    """The cluster of a target, if it still exists."""
    account, region, wanted = target
    clusters = rds_backends[account][region].clusters.values()
    return next((item for item in clusters if item.db_cluster_resource_id == wanted), None)


def find_instance(target: Target) -> Any | None:
    """The instance of a target, if it still exists."""
    account, region, wanted = target
    instances = rds_backends[account][region].databases.values()
    return next((item for item in instances if item.dbi_resource_id == wanted), None)


def cluster_state(cluster: Any, state: str, duration: str, then: str = "available") -> None:
    """Put a cluster into a passing state that ends after the named duration."""
    cluster.state = state
    TIMELINE.schedule(seconds(duration), "cluster-settles", cluster_target(cluster), state, then)


@action("cluster-settles")
def _cluster_settles(target: Target, expected: str, then: str) -> None:
    cluster = find_cluster(target)
    if cluster is None or cluster.state != expected:
        return
    cluster.state = _forced(cluster, "db-cluster", cluster.db_cluster_identifier) or then
    for name, value in cluster.__dict__.pop("_when_settled", {}).items():
        setattr(cluster, name, value)


@action("cluster-gone")
def _cluster_gone(target: Target) -> None:
    cluster = find_cluster(target)
    if cluster is None:
        return
    if cluster._members:
        TIMELINE.schedule(10.0, "cluster-gone", target)
        return
    cluster.backend.clusters.pop(cluster.db_cluster_identifier, None)
    snapshots = cluster.backend.cluster_snapshots
    for name in [name for name, item in snapshots.items() if _automated(item, cluster)]:
        snapshots.pop(name)


def _automated(snapshot: Any, cluster: Any) -> bool:
    """Automated snapshots go with their cluster; manual and final ones stay."""
    own = snapshot.cluster.db_cluster_resource_id == cluster.db_cluster_resource_id
    return own and snapshot.snapshot_type == "automated"


@action("secret-active")
def _secret_active(target: Target) -> None:
    cluster = find_cluster(target)
    secret = getattr(cluster, "master_user_secret", None)
    if secret is not None:
        secret.state = "active"


def creation_seconds(instance: Any) -> float:
    """How long a new member takes: the first one longest; a further one counts from when the first one is up."""
    cluster = instance.cluster
    others = [member for member in cluster._members if member is not instance and member.state != "deleting"]
    if not others:
        cluster.first_up_at = TIMELINE.now() + seconds("db-instance.create-first")
        return seconds("db-instance.create-first")
    wait = max(0.0, getattr(cluster, "first_up_at", 0.0) - TIMELINE.now())
    return wait + seconds("db-instance.create-next")


def instance_creates(instance: Any) -> None:
    """Start the creation of a member; its last part is spent on enhanced monitoring when that is on."""
    total = creation_seconds(instance)
    target = instance_target(instance)
    instance.state = "creating"
    if instance.monitoring_interval:
        TIMELINE.schedule(total * 0.95, "instance-step", target, "creating", "configuring-enhanced-monitoring")
        TIMELINE.schedule(total, "instance-settles", target, "configuring-enhanced-monitoring", "available")
    else:
        TIMELINE.schedule(total, "instance-settles", target, "creating", "available")


def instance_state(instance: Any, state: str, duration: str, then: str = "available") -> None:
    """Put an instance into a passing state that ends after the named duration."""
    instance.state = state
    if state == "rebooting":
        instance.restarted_at = TIMELINE.now()
    TIMELINE.schedule(seconds(duration), "instance-settles", instance_target(instance), state, then)


@action("instance-step")
def _instance_step(target: Target, expected: str, then: str) -> None:
    instance = find_instance(target)
    if instance is not None and instance.state == expected:
        instance.state = then


@action("instance-settles")
def _instance_settles(target: Target, expected: str, then: str) -> None:
    instance = find_instance(target)
    if instance is None or instance.state != expected:
        return
    instance.state = _forced(instance, "db-instance", instance.db_instance_identifier) or then
    if instance.state == "available":
        _export_logs(instance.cluster)
        applied = instance.__dict__.pop("_applying", {})
        apply_pending(instance, applied)
        if applied or expected == "rebooting":
            _restarted(instance, instance.restarted_at if expected == "rebooting" else TIMELINE.now())


def _restarted(instance: Any, began: float) -> None:
    """The engine has restarted, with those values of its groups that it knew of when that began."""
    cluster, name = instance.cluster, instance.db_instance_identifier
    if instance.marked_at <= began:
        instance.parameter_status = "in-sync"
    if cluster.marked_at.get(name, 0.0) <= began:
        cluster.parameter_status.pop(name, None)


def cluster_awaits_restart(cluster: Any) -> None:
    """Static values of the cluster's group wait for a restart of its members, which learn of them a while later."""
    names = tuple(member.db_instance_identifier for member in cluster._members)
    delay = seconds("db-instance.mark")
    TIMELINE.schedule(delay, "cluster-marked", cluster_target(cluster), names, TIMELINE.now() + delay)


@action("cluster-marked")
def _cluster_marked(target: Target, names: tuple[str, ...], now: float) -> None:
    cluster = find_cluster(target)
    if cluster is None:
        return
    for member in cluster._members:
        name = member.db_instance_identifier
        if name in names:
            cluster.parameter_status[name] = "pending-reboot"
            cluster.marked_at[name] = now


def instance_awaits_restart(instance: Any) -> None:
    """The same for static values of the instance's own group."""
    delay = seconds("db-instance.mark")
    TIMELINE.schedule(delay, "instance-marked", instance_target(instance), TIMELINE.now() + delay)


@action("instance-marked")
def _instance_marked(target: Target, now: float) -> None:
    instance = find_instance(target)
    if instance is not None:
        instance.parameter_status = "pending-reboot"
        instance.marked_at = now


def _export_logs(cluster: Any) -> None:
    """RDS makes the log groups itself when exports are on and nobody did: untagged, kept for ever."""
    logs = logs_backends[cluster.account_id][cluster.region]
    for kind in cluster.enabled_cloudwatch_logs_exports:
        name = f"/aws/rds/cluster/{cluster.db_cluster_identifier}/{kind}"
        if name not in logs.groups:
            logs.create_log_group(name, {})


@action("instance-gone")
def _instance_gone(target: Target) -> None:
    instance = find_instance(target)
    if instance is not None:
        instance.backend.databases.pop(instance.db_instance_identifier, None)


def apply_pending(instance: Any, values: dict[str, Any]) -> None:
    """Make pending values real and take them off the list."""
    for name, (member, value) in values.items():
        setattr(instance, name, value)
        instance.pending_modified_values.pop(member, None)


def _forced(resource: Any, kind: str, name: str) -> str | None:
    return WORLD.of(resource.backend).forced_failures.pop((kind, name), None)


def need_cluster(cluster: Any, *states: str) -> None:
    """Refuse an operation on a cluster that is in another state."""
    if cluster.state not in states:
        raise rds_error(
            "InvalidDBClusterStateFault",
            f"DbCluster {cluster.db_cluster_identifier} is in {cluster.state} state but expected it to be one of "
            f"{','.join(states)}.",
        )


def need_instance(instance: Any, *states: str) -> None:
    """Refuse an operation on an instance that is in another state."""
    if instance.state not in states:
        raise rds_error(
            "InvalidDBInstanceState",
            f"Database instance {instance.db_instance_identifier} is not in {' or '.join(states)} state "
            f"(it is {instance.state}).",
        )
