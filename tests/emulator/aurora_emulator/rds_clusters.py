"""Create, change, fail over and delete Aurora clusters under AWS's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds import models as moto_rds
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .extend import around
from .names import check_identifier, check_windows
from .rds_catalog import ENGINE, family_of, is_minor_upgrade, upgrade_targets, versions
from .rds_lifecycle import (
    cluster_awaits_restart,
    cluster_state,
    cluster_target,
    find_cluster,
    find_instance,
    instance_state,
    instance_target,
    need_cluster,
    need_instance,
)
from .rds_models import ManagedSecret, kms_key_arn
from .rds_rules import (
    check_capacity,
    check_insights,
    check_monitoring_role,
    check_retention,
    check_security_groups,
    named_cluster,
    subnet_group_of,
)

Handler = Callable[[Any, Any, Any, dict[str, Any]], None]
# The members of ModifyDBCluster that move the cluster to `modifying`; what is left out takes effect at once.
_SLOW = {
    "backup_retention_period",
    "db_cluster_parameter_group_name",
    "vpc_security_group_ids",
    "port",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "serverless_v2_scaling_configuration",
    "storage_type",
    "enable_iam_database_authentication",
    "cloudwatch_logs_export_configuration",
    "database_insights_mode",
    "enable_performance_insights",
    "performance_insights_retention_period",
    "manage_master_user_password",
    "rotate_master_user_password",
    "master_user_password",
    "engine_version",
}
# From this least capacity on `max_connections` isn't capped; up to this greatest one there are fewer anyway.
_UNCAPPED, _ROOMY = 1.0, 8.0
_IGNORED = {"db_cluster_identifier", "apply_immediately", "allow_major_version_upgrade", "new_db_cluster_identifier"}


@around(RDSBackend, "create_db_cluster")
def _create(original: Any, self: Any, kwargs: Any) -> Any:
    if kwargs.get("engine") != ENGINE:
        return original(self, kwargs)
    identifier = kwargs["db_cluster_identifier"]
    check_identifier("DBClusterIdentifier", identifier)
    if identifier.lower() in self.clusters:
        raise rds_error("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    _check_new(self, kwargs)
    cluster = original(self, _resolved(self, kwargs))
    _place(self, cluster)
    TIMELINE.schedule(seconds("db-cluster.create"), "cluster-settles", cluster_target(cluster), "creating", "available")
    if hasattr(cluster, "master_user_secret"):
        TIMELINE.schedule(seconds("db-cluster.secret"), "secret-active", cluster_target(cluster))
    return cluster


def _check_new(backend: Any, kwargs: Any) -> None:
    version = kwargs.get("engine_version")
    if version and version not in versions():
        raise rds_error("InvalidParameterCombination", f"Cannot find version {version} for {ENGINE}")
    if kwargs.get("db_subnet_group_name"):
        subnet_group_of(backend, kwargs["db_subnet_group_name"])
    _check_parameter_group(backend, kwargs.get("db_cluster_parameter_group_name"), version)
    check_security_groups(backend, kwargs.get("vpc_security_group_ids"))
    check_windows(kwargs.get("preferred_backup_window"), kwargs.get("preferred_maintenance_window"))
    check_retention(kwargs.get("backup_retention_period"))
    check_capacity(kwargs.get("serverless_v2_scaling_configuration"))
    check_insights(kwargs)
    _check_storage(kwargs.get("storage_type"))
    _check_master(kwargs)


def _check_master(kwargs: Any) -> None:
    if kwargs.get("manage_master_user_password") and kwargs.get("master_user_password"):
        raise rds_error(
            "InvalidParameterCombination",
            "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.",
        )
    if kwargs.get("master_user_secret_kms_key_id") and not kwargs.get("manage_master_user_password"):
        raise rds_error(
            "InvalidParameterCombination",
            "A MasterUserSecretKmsKeyId can only be specified when ManageMasterUserPassword is enabled.",
        )


def _check_storage(storage: str | None) -> None:
    if storage not in (None, "", "aurora", "aurora-iopt1"):
        raise rds_error("InvalidParameterCombination", f"Aurora does not support storage type {storage}.")


def _check_parameter_group(backend: Any, name: str | None, version: str | None) -> None:
    if not name or name.startswith("default."):
        return
    group = backend.db_cluster_parameter_groups.get(name)
    if group is None:
        raise rds_error("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}")
    if version and group.db_parameter_group_family != family_of(version):
        raise rds_error(
            "InvalidParameterCombination",
            f"The parameter group {name} with DBParameterGroupFamily {group.db_parameter_group_family} can't be used "
            f"for this instance. Please use a parameter group with DBParameterGroupFamily {family_of(version)}",
        )


def _resolved(backend: Any, kwargs: Any) -> Any:
    for name in ("kms_key_id", "performance_insights_kms_key_id"):
        if kwargs.get(name):
            kwargs[name] = kms_key_arn(backend, kwargs[name])
    if kwargs.get("master_user_secret_kms_key_id"):
        kwargs["master_user_secret_kms_key_id"] = kms_key_arn(backend, kwargs["master_user_secret_kms_key_id"])
    if kwargs.get("kms_key_id") and kwargs.get("storage_encrypted") is False:
        raise rds_error("InvalidParameterCombination", "You can't specify KmsKeyId when StorageEncrypted is false.")
    check_monitoring_role(kwargs.get("monitoring_role_arn"), kwargs.get("monitoring_interval"), backend)
    return kwargs


def _place(backend: Any, cluster: Any) -> None:
    """Zones, default security group and key: what AWS fills in when the request leaves it out."""
    group = backend.subnet_groups.get(cluster.db_subnet_group_name)
    if group is not None:
        zones = {subnet.availability_zone for subnet in group._subnets}
        spare = [zone for zone in cluster.availability_zones if zone not in zones]
        cluster.availability_zones = sorted((sorted(zones) + spare)[: max(3, len(zones))])
        if not cluster.vpc_security_group_ids:
            ec2: Any = ec2_backends[backend.account_id][backend.region_name]
            cluster.vpc_security_group_ids = [ec2.get_default_security_group(group.vpc_id).id]
    if cluster.kms_key_id == "default_kms_key_id":
        cluster.kms_key_id = kms_key_arn(backend, "alias/aws/rds") if cluster.storage_encrypted else None


@around(RDSBackend, "modify_db_cluster")
def _modify(original: Any, self: Any, kwargs: Any) -> Any:
    cluster = named_cluster(self, kwargs["db_cluster_identifier"])
    if cluster.engine != ENGINE:
        return original(self, kwargs)
    changes = {name: value for name, value in dict(kwargs).items() if value is not None and name not in _IGNORED}
    if set(changes) - {"deletion_protection", "copy_tags_to_snapshot"}:
        need_cluster(cluster, "available")
    if kwargs.get("apply_immediately") and "EngineVersion" in cluster.pending_modified_values:
        # ApplyImmediately applies what was deferred earlier as well: a documented trap.
        changes.setdefault("engine_version", cluster.pending_modified_values["EngineVersion"])
    _check_changes(self, cluster, changes)
    if changes.get("engine_version") not in (None, cluster.engine_version):
        _upgrade(cluster, kwargs, changes)
    _apply(self, cluster, changes, bool(kwargs.get("apply_immediately")))
    if kwargs.get("new_db_cluster_identifier"):
        _rename(self, cluster, kwargs["new_db_cluster_identifier"])
    if _SLOW & set(changes) and cluster.state == "available":
        cluster_state(cluster, "modifying", "db-cluster.modify")
    return cluster


def _check_changes(backend: Any, cluster: Any, changes: dict[str, Any]) -> None:
    check_windows(
        changes.get("preferred_backup_window", cluster.preferred_backup_window),
        changes.get("preferred_maintenance_window", cluster.preferred_maintenance_window),
    )
    check_retention(changes.get("backup_retention_period"))
    check_capacity(changes.get("serverless_v2_scaling_configuration"))
    check_security_groups(backend, changes.get("vpc_security_group_ids"))
    _check_storage(changes.get("storage_type"))
    version = changes.get("engine_version", cluster.engine_version)
    _check_parameter_group(backend, changes.get("db_cluster_parameter_group_name"), version)
    check_insights({**_insights_of(cluster), **changes})
    _check_insights_key(backend, cluster, changes)


def _insights_of(cluster: Any) -> dict[str, Any]:
    return {
        "database_insights_mode": cluster.database_insights_mode,
        "enable_performance_insights": cluster.performance_insights_enabled,
        "performance_insights_retention_period": cluster.performance_insights_retention_period,
    }


def _check_insights_key(backend: Any, cluster: Any, changes: dict[str, Any]) -> None:
    """The key of insights is fixed once there is one; a call about them that names none asks for AWS's own."""
    about = {"enable_performance_insights", "performance_insights_kms_key_id", *_insights_of(cluster)}
    if not cluster.performance_insights_enabled or not about & set(changes):
        return
    if changes.get("enable_performance_insights") is False:
        return
    default = kms_key_arn(backend, "alias/aws/rds")
    wanted = kms_key_arn(backend, changes.get("performance_insights_kms_key_id")) or default
    if wanted != (cluster.performance_insights_kms_key_id or default):
        raise rds_error("InvalidParameterCombination", "You can't change your Performance Insights KMS key.")


def _upgrade(cluster: Any, kwargs: Any, changes: dict[str, Any]) -> None:
    new = changes.pop("engine_version")
    if new not in upgrade_targets(cluster.engine_version):
        raise rds_error(
            "InvalidParameterCombination", f"Cannot upgrade {ENGINE} from {cluster.engine_version} to {new}"
        )
    if not is_minor_upgrade(cluster.engine_version, new) and not kwargs.get("allow_major_version_upgrade"):
        raise rds_error(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        )
    if not kwargs.get("apply_immediately"):
        cluster.pending_modified_values["EngineVersion"] = new
        return
    cluster.pending_modified_values.pop("EngineVersion", None)
    for member in cluster.living_members():
        instance_state(member, "upgrading", "db-cluster.upgrade")
    cluster.__dict__["_when_settled"] = {"engine_version": new}
    cluster_state(cluster, "upgrading", "db-cluster.upgrade")


def _apply(backend: Any, cluster: Any, changes: dict[str, Any], immediately: bool) -> None:
    for name, value in changes.items():
        handler = _HANDLERS.get(name)
        if handler is not None:
            handler(backend, cluster, value, {**changes, "_immediately": immediately})
        elif name.startswith("preferred_"):
            setattr(cluster, name, value.lower())
        else:
            setattr(cluster, name, value)


def _set_parameter_group(_backend: Any, cluster: Any, value: str, _changes: dict[str, Any]) -> None:
    if cluster.parameter_group != value:
        cluster.parameter_group = value
        cluster_awaits_restart(cluster)


def _set_capacity(_backend: Any, cluster: Any, value: Any, _changes: dict[str, Any]) -> None:
    """The range counts at once, the static values that follow from it on serverless members after a restart."""
    before, cluster.serverless_v2_scaling_configuration = cluster.serverless_v2_scaling_configuration, value
    if _computed(before) == _computed(value):
        return
    for member in cluster._members:
        if member.db_instance_class == "db.serverless":
            cluster.parameter_status[member.db_instance_identifier] = "pending-reboot"


def _computed(scaling: Any) -> tuple[float, bool]:
    """What `max_connections` follows from: the greatest capacity, and whether the least one caps it at 2,000."""
    low, high = (float((scaling or {}).get(name) or 0) for name in ("MinCapacity", "MaxCapacity"))
    return high, low < _UNCAPPED and high > _ROOMY


def _set_logs(_backend: Any, cluster: Any, value: Any, _changes: dict[str, Any]) -> None:
    disabled = value.get("DisableLogTypes") or []
    enabled = value.get("EnableLogTypes") or []
    kept = [item for item in cluster.enabled_cloudwatch_logs_exports if item not in disabled]
    cluster.enabled_cloudwatch_logs_exports = kept + [item for item in enabled if item not in kept]


def _set_storage(_backend: Any, cluster: Any, value: str, _changes: dict[str, Any]) -> None:
    cluster.iopt = value == "aurora-iopt1"
    cluster.storage_type = value if cluster.iopt else None


def _set_managed(backend: Any, cluster: Any, value: bool, changes: dict[str, Any]) -> None:
    existing = getattr(cluster, "master_user_secret", None)
    if value and existing is None:
        cluster.master_user_secret = ManagedSecret(
            cluster, kms_key_arn(backend, changes.get("master_user_secret_kms_key_id"))
        )
        TIMELINE.schedule(seconds("db-cluster.secret"), "secret-active", cluster_target(cluster))
    elif not value and existing is not None:
        existing.delete_secret()
        del cluster.master_user_secret
    cluster.manage_master_user_password = value


def _rotate(_backend: Any, cluster: Any, value: bool, changes: dict[str, Any]) -> None:
    if value and not changes["_immediately"]:
        raise rds_error(
            "InvalidParameterCombination",
            "You must specify apply immediately when rotating the master user password.",
        )
    if value:
        cluster.master_user_secret.rotate_secret()
        TIMELINE.schedule(seconds("db-cluster.secret"), "secret-active", cluster_target(cluster))


def _set_iam(_backend: Any, cluster: Any, value: bool, _changes: dict[str, Any]) -> None:
    cluster.iam_auth = value


def _set_insights(backend: Any, cluster: Any, value: bool, changes: dict[str, Any]) -> None:
    cluster.performance_insights_enabled = value
    if value and changes.get("performance_insights_kms_key_id"):
        cluster.performance_insights_kms_key_id = kms_key_arn(backend, changes["performance_insights_kms_key_id"])
    for member in cluster.living_members():
        member.performance_insights_enabled = value
        if value:
            member.set_insights(
                kms_key_arn(backend, changes.get("performance_insights_kms_key_id")),
                changes.get("performance_insights_retention_period"),
            )


def _set_insights_retention(_backend: Any, cluster: Any, value: int, _changes: dict[str, Any]) -> None:
    cluster.performance_insights_retention_period = value
    for member in cluster.living_members():
        if member.performance_insights_enabled:
            member.performance_insights_retention_period = value


def _nothing(_backend: Any, _cluster: Any, _value: Any, _changes: dict[str, Any]) -> None:
    """The member is taken into account by another handler."""


_HANDLERS: dict[str, Handler] = {
    "db_cluster_parameter_group_name": _set_parameter_group,
    "db_instance_parameter_group_name": _nothing,
    "serverless_v2_scaling_configuration": _set_capacity,
    "cloudwatch_logs_export_configuration": _set_logs,
    "storage_type": _set_storage,
    "manage_master_user_password": _set_managed,
    "master_user_secret_kms_key_id": _nothing,
    "rotate_master_user_password": _rotate,
    "enable_iam_database_authentication": _set_iam,
    "enable_performance_insights": _set_insights,
    "performance_insights_kms_key_id": _nothing,
    "performance_insights_retention_period": _set_insights_retention,
}


def _rename(backend: Any, cluster: Any, name: str) -> None:
    check_identifier("NewDBClusterIdentifier", name)
    if name.lower() in backend.clusters:
        raise rds_error("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    members = cluster._members
    backend.clusters.pop(cluster.db_cluster_identifier)
    cluster.db_cluster_identifier = name
    backend.clusters[cluster.db_cluster_identifier] = cluster
    for member in members:
        member.db_cluster_identifier = cluster.db_cluster_identifier


@around(RDSBackend, "delete_db_cluster")
def _delete(original: Any, self: Any, cluster_identifier: str, snapshot_name: str | None = None) -> Any:
    cluster = named_cluster(self, cluster_identifier)
    if cluster.engine != ENGINE:
        return original(self, cluster_identifier, snapshot_name)
    if cluster.state == "deleting":
        raise rds_error(
            "InvalidDBClusterStateFault",
            f"Cluster {cluster_identifier} is already being deleted.",
        )
    if cluster.deletion_protection:
        raise rds_error(
            "InvalidParameterCombination",
            "Cannot delete protected Cluster, please disable deletion protection and try again.",
        )
    if cluster.living_members():
        raise rds_error(
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        )
    _refuse_global_member(self, cluster)
    if snapshot_name:
        _final_snapshot(self, cluster, snapshot_name)
    if getattr(cluster, "manage_master_user_password", False) and hasattr(cluster, "master_user_secret"):
        cluster.master_user_secret.delete_secret()
    TIMELINE.cancel(cluster_target(cluster))
    cluster.state = "deleting"
    TIMELINE.schedule(seconds("db-cluster.delete"), "cluster-gone", cluster_target(cluster))
    return cluster


def _refuse_global_member(backend: Any, cluster: Any) -> None:
    for region in list(moto_rds.rds_backends[backend.account_id].values()):
        for group in region.global_clusters.values():
            if any(member is cluster for member in group.members):
                raise rds_error(
                    "InvalidDBClusterStateFault",
                    "This cluster is a part of a global cluster, please remove it from globalcluster first.",
                )


def _final_snapshot(backend: Any, cluster: Any, name: str) -> None:
    if name.lower() in backend.cluster_snapshots:
        raise rds_error(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the cluster snapshot because one with the identifier {name} already exists.",
        )
    check_identifier("FinalDBSnapshotIdentifier", name)
    backend.create_db_cluster_snapshot(cluster.db_cluster_identifier, name)


@around(RDSBackend, "failover_db_cluster")
def _failover(
    original: Any, self: Any, db_cluster_identifier: str, target_db_instance_identifier: str | None = None
) -> Any:
    cluster = named_cluster(self, db_cluster_identifier)
    if cluster.engine != ENGINE:
        return original(self, db_cluster_identifier, target_db_instance_identifier)
    need_cluster(cluster, "available")
    target = _successor(self, cluster, target_db_instance_identifier)
    old = cluster.writer
    if target is old:
        return cluster
    # Until the target is promoted the old writer still has the role and takes no writes.
    if old is not None and old.state == "available":
        instance_state(old, "rebooting", "db-instance.reboot")
    TIMELINE.schedule(
        seconds("db-cluster.failover") / 2, "writer-moves", cluster_target(cluster), instance_target(target)
    )
    cluster_state(cluster, "failing-over", "db-cluster.failover")
    return cluster


def _successor(backend: Any, cluster: Any, name: str | None) -> Any:
    """The member that takes over: the named one, or of the available readers the one with the lowest tier."""
    if name is None:
        readers = [
            item for item in cluster.living_members() if item.state == "available" and not item.is_cluster_writer
        ]
        if not readers:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Database cluster:{cluster.db_cluster_identifier} should have at least two database instances for "
                "failover",
            )
        return min(readers, key=lambda item: item.promotion_tier)
    target = backend.databases.get(name.lower())
    if target is None or getattr(target, "cluster", None) is not cluster:
        raise rds_error("InvalidDBInstanceState", f"Cannot find target instance: {name}")
    need_instance(target, "available")
    return target


@action("writer-moves")
def _writer_moves(target: Any, successor: Any) -> None:
    cluster, chosen = find_cluster(target), find_instance(successor)
    if cluster is None or chosen is None or chosen.state == "deleting":
        return
    for member in cluster.living_members():
        member.is_cluster_writer = member is chosen


@around(RDSBackend, "create_db_cluster_snapshot")
def _snapshot(original: Any, self: Any, db_cluster_identifier: str, *args: Any, **kwargs: Any) -> Any:
    snapshot = original(self, db_cluster_identifier, *args, **kwargs)
    cluster = self.clusters[db_cluster_identifier]
    if snapshot.snapshot_type == "manual" and cluster.engine == ENGINE and cluster.state == "available":
        cluster_state(cluster, "backing-up", "db-cluster.snapshot")
    return snapshot


@around(RDSResponse, "delete_db_cluster")
def _delete_cluster_request(original: Any, self: Any) -> Any:
    skip, name = self.params.get("SkipFinalSnapshot"), self.params.get("FinalDBSnapshotIdentifier")
    if skip and name:
        raise rds_error(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.",
        )
    if not skip and not name:
        raise rds_error(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    return original(self)
