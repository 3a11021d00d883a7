"""Create, change, reboot and delete the members of Aurora clusters under AWS's rules."""

from __future__ import annotations

from typing import Any

from moto.rds.models import RDSBackend

from .clock import TIMELINE
from .durations import seconds
from .errors import rds_error
from .extend import around
from .names import check_identifier, check_windows
from .rds_catalog import ENGINE, family_of, orderable, rotates_without_restart
from .rds_lifecycle import (
    instance_awaits_restart,
    instance_creates,
    instance_state,
    instance_target,
    need_cluster,
    need_instance,
)
from .rds_models import AuroraInstance, kms_key_arn
from .rds_rules import check_authority, check_insights_retention, check_monitoring_role, named_cluster

# Members that an Aurora instance takes from its cluster: AWS refuses them on the instance.
_CLUSTER_LEVEL = {
    "master_username": "MasterUsername",
    "master_user_password": "MasterUserPassword",
    "allocated_storage": "AllocatedStorage",
    "backup_retention_period": "BackupRetentionPeriod",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "vpc_security_group_ids": "VpcSecurityGroupIds",
    "preferred_backup_window": "PreferredBackupWindow",
    "storage_type": "StorageType",
}


@around(RDSBackend, "create_db_instance")
def _create(original: Any, self: Any, db_kwargs: Any) -> Any:
    if db_kwargs.get("engine") != ENGINE:
        return original(self, db_kwargs)
    identifier = db_kwargs["db_instance_identifier"]
    check_identifier("DBInstanceIdentifier", identifier)
    if not db_kwargs.get("db_cluster_identifier"):
        raise rds_error(
            "InvalidParameterCombination", f"The engine {ENGINE} requires a DB cluster: DBClusterIdentifier is missing."
        )
    cluster = named_cluster(self, db_kwargs["db_cluster_identifier"])
    if identifier.lower() in self.databases:
        raise rds_error("DBInstanceAlreadyExists", "DB instance already exists")
    need_cluster(cluster, "available", "backing-up", "failing-over")
    _check_new(self, cluster, db_kwargs)
    db_kwargs["availability_zone"] = db_kwargs.get("availability_zone") or _emptiest_zone(self, cluster)
    first = not cluster.living_members()
    instance = original(self, db_kwargs)
    instance.is_cluster_writer = first
    instance_creates(instance)
    return instance


def _check_new(backend: Any, cluster: Any, kwargs: Any) -> None:
    given = [_CLUSTER_LEVEL[name] for name in _CLUSTER_LEVEL if kwargs.get(name) is not None]
    if given:
        raise rds_error(
            "InvalidParameterCombination",
            f"The requested DB Instance will be a member of a DB Cluster. Set {', '.join(given)} for the DB Cluster.",
        )
    instance_class = kwargs["db_instance_class"]
    if not orderable(instance_class, cluster.engine_version):
        raise rds_error(
            "InvalidParameterCombination",
            "RDS does not support creating a DB instance with the following combination: "
            f"DBInstanceClass={instance_class}, Engine={ENGINE}, EngineVersion={cluster.engine_version}, "
            "LicenseModel=postgresql-license. For supported combinations of instance class and database engine "
            "version, see the documentation.",
        )
    if instance_class == "db.serverless" and not cluster.serverless_v2_scaling_configuration:
        raise rds_error(
            "InvalidParameterCombination",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
        )
    _check_common(backend, kwargs, cluster)
    zone = kwargs.get("availability_zone")
    if zone and zone not in _zones(backend, cluster):
        raise rds_error(
            "InvalidParameterValue", f"{zone} is not a valid availability zone: the DB subnet group does not cover it."
        )
    if kwargs.get("performance_insights_kms_key_id"):
        kwargs["performance_insights_kms_key_id"] = kms_key_arn(backend, kwargs["performance_insights_kms_key_id"])


def _check_common(backend: Any, kwargs: Any, cluster: Any) -> None:
    check_monitoring_role(kwargs.get("monitoring_role_arn"), kwargs.get("monitoring_interval"), backend)
    check_insights_retention(kwargs.get("performance_insights_retention_period"))
    check_authority(kwargs.get("ca_certificate_identifier"))
    check_windows(None, kwargs.get("preferred_maintenance_window"))
    tier = kwargs.get("promotion_tier")
    if tier is not None and not 0 <= int(tier) <= 15:
        raise rds_error("InvalidParameterValue", f"Invalid promotion tier: {tier}. It must be between 0 and 15.")
    name = kwargs.get("db_parameter_group_name")
    if name and not name.startswith("default."):
        group = backend.db_parameter_groups.get(name)
        if group is None:
            raise rds_error("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
        if group.family != family_of(cluster.engine_version):
            raise rds_error(
                "InvalidParameterCombination",
                f"The parameter group {name} with DBParameterGroupFamily {group.family} can't be used for this "
                f"instance. Please use a parameter group with DBParameterGroupFamily "
                f"{family_of(cluster.engine_version)}",
            )


def _zones(backend: Any, cluster: Any) -> list[str]:
    group = backend.subnet_groups.get(cluster.db_subnet_group_name)
    if group is None:
        return list(cluster.availability_zones)
    return sorted({subnet.availability_zone for subnet in group._subnets})


def _emptiest_zone(backend: Any, cluster: Any) -> str:
    used = [member.availability_zone for member in cluster.living_members()]
    return min(_zones(backend, cluster), key=lambda zone: (used.count(zone), zone))


@around(RDSBackend, "modify_db_instance")
def _modify(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    if not isinstance(instance, AuroraInstance) or instance.cluster.engine != ENGINE:
        return original(self, db_instance_identifier, db_kwargs)
    need_instance(instance, "available")
    changes = {name: value for name, value in dict(db_kwargs).items() if value is not None}
    given = [_CLUSTER_LEVEL[name] for name in _CLUSTER_LEVEL if name in changes]
    if given:
        raise rds_error(
            "InvalidParameterCombination",
            f"The instance is a member of a DB Cluster. Set {', '.join(given)} for the DB Cluster.",
        )
    _check_common(self, _with_current_role(instance, changes), instance.cluster)
    slow = _apply_simple(self, instance, changes)
    _apply_class(instance, changes, slow)
    new_name = changes.get("new_db_instance_identifier")
    if new_name:
        _rename(self, instance, new_name)
    return instance


def _with_current_role(instance: Any, changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(changes)
    if changes.get("monitoring_interval"):
        merged.setdefault("monitoring_role_arn", instance.monitoring_role_arn)
    return merged


def _apply_simple(backend: Any, instance: Any, changes: dict[str, Any]) -> bool:
    """Change what takes effect at once; returns whether the instance passes through `modifying`."""
    for name in ("promotion_tier", "auto_minor_version_upgrade", "publicly_accessible", "copy_tags_to_snapshot"):
        if name in changes:
            setattr(instance, name, changes[name])
    if "preferred_maintenance_window" in changes:
        instance.preferred_maintenance_window = changes["preferred_maintenance_window"].lower()
    if changes.get("db_parameter_group_name") not in (None, instance.db_parameter_group_name):
        instance.db_parameter_group_name = changes["db_parameter_group_name"]
        instance_awaits_restart(instance)
    slow = False
    if "monitoring_interval" in changes:
        instance.monitoring_interval = changes["monitoring_interval"]
        role = changes.get("monitoring_role_arn", instance.monitoring_role_arn)
        instance.monitoring_role_arn = role if instance.monitoring_interval else None
        slow = True
    if "enable_performance_insights" in changes or "performance_insights_retention_period" in changes:
        _apply_insights(backend, instance, changes)
        slow = True
    return _apply_certificate(instance, changes) or slow


def _apply_certificate(instance: Any, changes: dict[str, Any]) -> bool:
    """Rotate the certificate now or leave it pending; ApplyImmediately takes along what was left pending earlier."""
    pending, wanted = instance.pending_modified_values, changes.get("ca_certificate_identifier")
    if wanted == instance.ca_certificate_identifier:
        pending.pop("CACertificateIdentifier", None)
    elif wanted is not None:
        pending["CACertificateIdentifier"] = wanted
    if not changes.get("apply_immediately") or "CACertificateIdentifier" not in pending:
        return False
    instance.ca_certificate_identifier = pending.pop("CACertificateIdentifier")
    if rotates_without_restart(instance.engine_version):
        return True
    instance_state(instance, "rebooting", "db-instance.reboot")
    return False


def _apply_insights(backend: Any, instance: Any, changes: dict[str, Any]) -> None:
    if changes.get("enable_performance_insights") is False:
        instance.performance_insights_enabled = False
        instance.performance_insights_kms_key_id = None
        instance.performance_insights_retention_period = None
        return
    key = kms_key_arn(backend, changes.get("performance_insights_kms_key_id"))
    instance.set_insights(key, changes.get("performance_insights_retention_period"))


def _apply_class(instance: Any, changes: dict[str, Any], slow: bool) -> None:
    """Change the class now or leave it pending; ApplyImmediately takes along what was left pending earlier."""
    pending, wanted = instance.pending_modified_values, changes.get("db_instance_class")
    if wanted == instance.db_instance_class:
        pending.pop("DBInstanceClass", None)
    elif wanted is not None:
        _check_class(instance, wanted)
        pending["DBInstanceClass"] = wanted
    if changes.get("apply_immediately") and "DBInstanceClass" in pending:
        instance.__dict__["_applying"] = {"db_instance_class": ("DBInstanceClass", pending["DBInstanceClass"])}
        instance_state(instance, "modifying", "db-instance.scale")
    elif slow:
        instance_state(instance, "modifying", "db-instance.modify")


def _check_class(instance: Any, wanted: str) -> None:
    if not orderable(wanted, instance.engine_version):
        raise rds_error(
            "InvalidParameterCombination",
            "RDS does not support modifying a DB instance with the following combination: "
            f"DBInstanceClass={wanted}, Engine={ENGINE}, EngineVersion={instance.engine_version}.",
        )


def _rename(backend: Any, instance: Any, name: str) -> None:
    check_identifier("NewDBInstanceIdentifier", name)
    if name.lower() in backend.databases:
        raise rds_error("DBInstanceAlreadyExists", "DB instance already exists")
    backend.databases.pop(instance.db_instance_identifier)
    instance.db_instance_identifier = name
    backend.databases[instance.db_instance_identifier] = instance
    instance_state(instance, "renaming", "db-instance.reboot")


@around(RDSBackend, "reboot_db_instance")
def _reboot(original: Any, self: Any, db_instance_identifier: str) -> Any:
    instance = original(self, db_instance_identifier)
    if not isinstance(instance, AuroraInstance):
        return instance
    need_instance(instance, "available")
    instance_state(instance, "rebooting", "db-instance.reboot")
    return instance


@around(RDSBackend, "delete_db_instance")
def _delete(original: Any, self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
    instance = self.databases.get(db_instance_identifier)
    if not isinstance(instance, AuroraInstance) or instance.cluster.engine != ENGINE:
        return original(self, db_instance_identifier, *args, **kwargs)
    if instance.state == "deleting":
        raise rds_error("InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted.")
    if kwargs.get("final_db_snapshot_identifier"):
        raise rds_error(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance.",
        )
    TIMELINE.cancel(instance_target(instance))
    instance.state = "deleting"
    if instance.is_cluster_writer and instance.cluster.living_members():
        instance.is_cluster_writer = False
        instance.cluster.designate_writer()
    TIMELINE.schedule(seconds("db-instance.delete"), "instance-gone", instance_target(instance))
    return instance
