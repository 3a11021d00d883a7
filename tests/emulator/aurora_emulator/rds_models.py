"""Aurora clusters and instances: moto's models with states, and with the fields that moto leaves out.

The subclasses take the place of moto's classes in its module, so that everything moto does with clusters (snapshots,
restores, global clusters) uses them too.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from moto.rds import models as moto_rds
from moto.rds.models import DBCluster, DBInstanceClustered, MasterUserSecret

from .rds_catalog import DEFAULT_AUTHORITY, ENGINE, default_version, family_of

# What a cluster that is restored from a backup has in common with the original, by the name of the request member.
_INHERITED = (
    "engine",
    "engine_version",
    "database_name",
    "master_username",
    "port",
    "storage_encrypted",
    "kms_key_id",
    "availability_zones",
    "backup_retention_period",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "copy_tags_to_snapshot",
)
_SUFFIX = string.ascii_uppercase + string.digits


def resource_id(prefix: str) -> str:
    """An immutable id such as `cluster-ABC…`: the incarnation, which a name is not."""
    return f"{prefix}-" + "".join(secrets.choice(_SUFFIX) for _ in range(26))


class ManagedSecret(MasterUserSecret):
    """The master secret that RDS keeps; its status is a state like any other, not one that a read changes."""

    state = "creating"

    @property
    def secret_status(self) -> str:
        """creating | active | rotating | impaired."""
        return self.state

    def rotate_secret(self) -> None:
        """Rotate; the lifecycle brings it back to `active`."""
        self.state = "rotating"
        self.secretsmanager.rotate_secret(self.secret.arn, rotate_immediately=True)


class AuroraCluster(DBCluster):
    """A DB cluster with a lifecycle."""

    def __init__(self, backend: Any, db_cluster_identifier: str, engine: str, **kwargs: Any) -> None:
        self.state = "creating"
        self.pending_modified_values: dict[str, Any] = {}
        self.parameter_status: dict[str, str] = {}
        self.marked_at: dict[str, float] = {}
        storage = kwargs.pop("storage_type", None)
        if engine == ENGINE and not kwargs.get("engine_version"):
            kwargs["engine_version"] = default_version()
        super().__init__(backend, db_cluster_identifier, engine, **kwargs)
        self.db_cluster_resource_id = resource_id("cluster")
        self.iopt = storage == "aurora-iopt1"
        if engine != ENGINE:
            self.storage_type = storage or self.default_storage_type(self.iops)
            return
        self.storage_type = storage if self.iopt else None
        self._take_aurora_fields(kwargs)

    def _take_aurora_fields(self, kwargs: dict[str, Any]) -> None:
        self.preferred_backup_window = self.preferred_backup_window.lower()
        self.preferred_maintenance_window = self.preferred_maintenance_window.lower()
        self.parameter_group = (
            kwargs.get("db_cluster_parameter_group_name") or f"default.{family_of(self.engine_version)}"
        )
        self.database_insights_mode = kwargs.get("database_insights_mode") or "standard"
        self.performance_insights_enabled = kwargs.get("enable_performance_insights")
        self.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = kwargs.get("performance_insights_retention_period")
        self.monitoring_interval = kwargs.get("monitoring_interval")
        self.monitoring_role_arn = kwargs.get("monitoring_role_arn")
        self.engine_lifecycle_support = kwargs.get("engine_lifecycle_support") or "open-source-rds-extended-support"
        self.activity_stream_status = "stopped"
        self._enable_http_endpoint = bool(kwargs.get("enable_http_endpoint"))
        self.ca_certificate_identifier = kwargs.get("ca_certificate_identifier") or DEFAULT_AUTHORITY

    @property
    def status(self) -> str:
        """The state; reading it changes nothing."""
        return self.state

    @status.setter
    def status(self, value: str) -> None:
        self.state = value

    @property
    def scaling_configuration_info(self) -> Any:  # type: ignore[override]
        """Only Serverless v1 has one."""
        return super().scaling_configuration_info if self.engine_mode == "serverless" else None

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """Tags as Describe returns them."""
        return self.tags

    def get_cfg(self) -> dict[str, Any]:
        """What a restored copy inherits; moto takes every attribute, states and secrets among them."""
        inherited = {name: getattr(self, name) for name in _INHERITED}
        return {
            **inherited,
            "db_cluster_identifier": self.db_cluster_identifier,
            "master_user_password": "kept-from-the-backup",
            "storage_type": "aurora-iopt1" if self.iopt else None,
        }

    def living_members(self) -> list[Any]:
        """The members that are not being deleted."""
        members: list[Any] = list(self._members)
        return [member for member in members if member.state != "deleting"]

    def designate_writer(self) -> None:
        """Promote the living member with the lowest tier when there is no writer."""
        if self.writer is None and self.living_members():
            ranked = sorted(self.living_members(), key=lambda item: (item.state == "creating", item.promotion_tier))
            ranked[0].is_cluster_writer = True

    @property
    def db_cluster_members(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The members with role, tier and whether they need a reboot."""
        return [
            {
                "DBInstanceIdentifier": member.db_instance_identifier,
                "IsClusterWriter": member.is_cluster_writer,
                "DBClusterParameterGroupStatus": self.parameter_status.get(member.db_instance_identifier, "in-sync"),
                "PromotionTier": member.promotion_tier,
            }
            for member in self.members
        ]


class AuroraInstance(DBInstanceClustered):
    """A member of a cluster with a lifecycle."""

    cluster: Any
    performance_insights_kms_key_id: str | None
    performance_insights_retention_period: int | None

    def __init__(self, db_cluster_identifier: str, **kwargs: Any) -> None:
        self.state = "creating"
        self.pending_modified_values: dict[str, Any] = {}
        self.parameter_status = "in-sync"
        self.marked_at = 0.0
        self.restarted_at = 0.0
        self.created_as_first = False
        kwargs.setdefault("promotion_tier", 1)
        super().__init__(db_cluster_identifier=db_cluster_identifier, **kwargs)
        self.dbi_resource_id = resource_id("db")
        self.ca_certificate_identifier = kwargs.get("ca_certificate_identifier") or DEFAULT_AUTHORITY
        if self.cluster.engine != ENGINE:
            return
        self._take_cluster_fields()
        self._take_insights(kwargs)
        self.preferred_maintenance_window = self.preferred_maintenance_window.lower()
        if not kwargs.get("preferred_maintenance_window"):
            self.preferred_maintenance_window = self.cluster.preferred_maintenance_window
        self.db_parameter_group_name = self.db_parameter_group_name or f"default.{family_of(self.engine_version)}"
        self.publicly_accessible = bool(kwargs.get("publicly_accessible"))
        self.copy_tags_to_snapshot = bool(kwargs.get("copy_tags_to_snapshot"))

    def _take_cluster_fields(self) -> None:
        name = self.cluster.db_subnet_group_name
        if name in self.backend.subnet_groups:
            self.db_subnet_group_name = name
        self.port = self.cluster.port

    def _take_insights(self, kwargs: dict[str, Any]) -> None:
        enabled = kwargs.get("enable_performance_insights")
        self.performance_insights_enabled = bool(
            self.cluster.performance_insights_enabled if enabled is None else enabled
        )
        self.performance_insights_kms_key_id = None
        self.performance_insights_retention_period = None
        if self.performance_insights_enabled:
            self.set_insights(
                kwargs.get("performance_insights_kms_key_id") or self.cluster.performance_insights_kms_key_id,
                kwargs.get("performance_insights_retention_period")
                or self.cluster.performance_insights_retention_period,
            )

    def set_insights(self, key: str | None, retention: int | None) -> None:
        """Turn Performance Insights on with AWS's defaults where nothing is given."""
        self.performance_insights_enabled = True
        if key or self.performance_insights_kms_key_id is None:
            self.performance_insights_kms_key_id = key or _default_key(self.backend, "rds")
        self.performance_insights_retention_period = retention or self.performance_insights_retention_period or 7

    @property
    def status(self) -> str:
        """The state; reading it changes nothing."""
        return self.state

    @status.setter
    def status(self, value: str) -> None:
        self.state = value

    @property
    def storage_type(self) -> str:
        """The storage of the cluster."""
        return "aurora-iopt1" if getattr(self.cluster, "iopt", False) else "aurora"

    @storage_type.setter
    def storage_type(self, value: str) -> None:
        del value

    @property
    def enhanced_monitoring_resource_arn(self) -> str | None:
        """The log stream of enhanced monitoring, when it is on."""
        if not self.monitoring_interval:
            return None
        return (
            f"arn:{self.partition}:logs:{self.region}:{self.account_id}:log-group:RDSOSMetrics"
            f":log-stream:{self.dbi_resource_id}"
        )

    @property
    def iam_database_authentication_enabled(self) -> bool:
        """As the cluster has it."""
        return self.cluster.iam_database_authentication_enabled

    @property
    def enabled_cloudwatch_logs_exports(self) -> list[str]:
        """As the cluster has it."""
        return self.cluster.enabled_cloudwatch_logs_exports

    @enabled_cloudwatch_logs_exports.setter
    def enabled_cloudwatch_logs_exports(self, value: list[str]) -> None:
        del value

    @property
    def database_insights_mode(self) -> str | None:
        """As the cluster has it."""
        return getattr(self.cluster, "database_insights_mode", None)

    @property
    def license_model(self) -> str:
        """What AWS reports for PostgreSQL."""
        return "postgresql-license" if self.cluster.engine == ENGINE else self.cluster.license_model

    @license_model.setter
    def license_model(self, value: str) -> None:
        del value

    def save_automated_backup(self) -> None:
        """Nothing: backups of Aurora belong to the cluster."""

    @property
    def address(self) -> str:
        """The host name; the cluster's suffix is shared by all endpoints of an account, here of a cluster."""
        return f"{self.db_instance_identifier}.{self.cluster.url_identifier}.{self.region}.rds.amazonaws.com"

    @property
    def endpoint(self) -> dict[str, Any] | None:  # type: ignore[override]
        """Absent while the instance is being created, as on AWS."""
        return None if self.state == "creating" else {"Address": self.address, "Port": self.port}

    @property
    def db_parameter_group_status_list(self) -> list[dict[str, str | None]]:
        """The parameter group with the state of the values on this very instance."""
        return [{"DBParameterGroupName": self.db_parameter_group_name, "ParameterApplyStatus": self.parameter_status}]

    @property
    def db_parameter_groups(self) -> Any:  # type: ignore[override]
        """What the serializer asks for by the member's own name."""
        return self.db_parameter_group_status_list


def _default_key(backend: Any, service: str) -> str | None:
    """The ARN of AWS's own key of a service."""
    return kms_key_arn(backend, f"alias/aws/{service}")


def kms_key_arn(backend: Any, reference: str | None) -> str | None:
    """The ARN of a customer key as RDS reports it; refused when the key is unknown, disabled or being deleted."""
    if not reference:
        return None
    key = reference.split(":key/")[-1] if ":key/" in reference else reference
    try:
        found = backend.kms.describe_key(key)
    except Exception:
        raise moto_rds.KMSKeyNotAccessibleFault(reference) from None
    if found.key_state != "Enabled":
        raise moto_rds.KMSKeyNotAccessibleFault(reference)
    return found.arn


def install() -> None:
    """Let moto build the subclasses wherever it builds clusters and their members."""
    moto_rds.DBCluster = AuroraCluster  # type: ignore[assignment,misc]
    moto_rds.DBInstanceClustered = AuroraInstance  # type: ignore[assignment,misc]
    moto_rds.MasterUserSecret = ManagedSecret  # type: ignore[misc]
