"""Snapshots of clusters that take time, restores from them and from a point in time, stopping and starting."""

from __future__ import annotations

from typing import Any

from moto.rds.exceptions import DBClusterSnapshotNotFoundError
from moto.rds.models import RDSBackend, rds_backends

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .extend import around
from .rds_catalog import ENGINE
from .rds_lifecycle import cluster_state, cluster_target, instance_state, need_cluster
from .rds_rules import named_cluster

# Members of a restore request that say what to restore, not how the new cluster is to be.
_SELECTORS = {
    "snapshot_identifier",
    "source_db_cluster_identifier",
    "source_db_cluster_resource_id",
    "restore_type",
    "restore_to_time",
    "use_latest_restorable_time",
}


@around(RDSBackend, "create_db_cluster_snapshot", "copy_db_cluster_snapshot")
def _snapshot(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    snapshot = original(self, *args, **kwargs)
    if snapshot.snapshot_type == "manual" and snapshot.engine == ENGINE:
        snapshot.status, snapshot.percent_progress = "creating", 0
        target = (snapshot.account_id, snapshot.region, snapshot.resource_id)
        TIMELINE.schedule(seconds("db-cluster.snapshot"), "snapshot-settles", target)
    return snapshot


@action("snapshot-settles")
def _settles(target: tuple[str, str, str]) -> None:
    snapshot = rds_backends[target[0]][target[1]].cluster_snapshots.get(target[2])
    if snapshot is not None and snapshot.status == "creating":
        snapshot.status, snapshot.percent_progress = "available", 100


@around(RDSBackend, "delete_db_cluster_snapshot")
def _delete_snapshot(original: Any, self: Any, db_snapshot_identifier: str) -> Any:
    _available_snapshot(self, db_snapshot_identifier, "delete")
    return original(self, db_snapshot_identifier)


def _available_snapshot(backend: Any, name: str, purpose: str) -> Any:
    snapshot = backend.cluster_snapshots.get(name.split(":cluster-snapshot:")[-1])
    if snapshot is None:
        raise DBClusterSnapshotNotFoundError(name)
    if snapshot.status != "available":
        raise rds_error(
            "InvalidDBClusterSnapshotStateFault",
            f"Cannot {purpose} the snapshot because it is not currently in the available state.",
        )
    return snapshot


@around(RDSBackend, "restore_db_cluster_from_snapshot")
def _from_snapshot(original: Any, self: Any, from_snapshot_id: str, overrides: Any) -> Any:
    snapshot = _available_snapshot(self, from_snapshot_id, "restore")
    if snapshot.engine != ENGINE:
        return original(self, from_snapshot_id, overrides)
    return _restore(self, snapshot.cluster, dict(overrides))


@around(RDSBackend, "restore_db_cluster_to_point_in_time")
def _to_time(original: Any, self: Any, **kwargs: Any) -> Any:
    source = named_cluster(self, kwargs["source_db_cluster_identifier"])
    if source.engine != ENGINE:
        return original(self, **kwargs)
    if bool(kwargs.get("restore_to_time")) == bool(kwargs.get("use_latest_restorable_time")):
        raise rds_error(
            "InvalidParameterCombination",
            "Specify exactly one of RestoreToTime and UseLatestRestorableTime.",
        )
    return _restore(self, source, kwargs)


def _restore(backend: Any, source: Any, overrides: dict[str, Any]) -> Any:
    properties = source.get_cfg()
    properties.update({name: value for name, value in overrides.items() if value and name not in _SELECTORS})
    if properties.get("manage_master_user_password"):
        properties["master_user_password"] = None
    cluster = backend.create_db_cluster(properties)
    TIMELINE.cancel(cluster_target(cluster))
    cluster_state(cluster, "creating", "db-cluster.restore")
    if hasattr(cluster, "master_user_secret"):
        TIMELINE.schedule(seconds("db-cluster.secret"), "secret-active", cluster_target(cluster))
    return cluster


@around(RDSBackend, "stop_db_cluster")
def _stop(original: Any, self: Any, cluster_identifier: str) -> Any:
    cluster = named_cluster(self, cluster_identifier)
    if cluster.engine != ENGINE:
        return original(self, cluster_identifier)
    need_cluster(cluster, "available")
    cluster_state(cluster, "stopping", "db-cluster.stop", then="stopped")
    for member in cluster.living_members():
        instance_state(member, "stopping", "db-cluster.stop", then="stopped")
    return cluster


@around(RDSBackend, "start_db_cluster")
def _start(original: Any, self: Any, cluster_identifier: str) -> Any:
    cluster = named_cluster(self, cluster_identifier)
    if cluster.engine != ENGINE:
        return original(self, cluster_identifier)
    need_cluster(cluster, "stopped", "inaccessible-encryption-credentials-recoverable")
    cluster_state(cluster, "starting", "db-cluster.start")
    for member in cluster.living_members():
        instance_state(member, "starting", "db-cluster.start")
    return cluster
