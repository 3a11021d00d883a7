"""Calls of RDS that moto does not know, or answers emptily."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.responses import RDSResponse

from .errors import rds_error
from .extend import add, around
from .rds_catalog import (
    AUTHORITIES,
    DEFAULT_AUTHORITY,
    ENGINE,
    classes,
    default_version,
    family_of,
    is_minor_upgrade,
    orderable,
    rotates_without_restart,
    upgrade_targets,
    version_key,
    versions,
)
from .rds_paging import page
from .rds_rules import check_authority
from .world import WORLD

_LOGS = ["postgresql", "instance", "iam-db-auth-error"]


def _engine_version(version: str) -> dict[str, Any]:
    return {
        "Engine": ENGINE,
        "EngineVersion": version,
        "MajorEngineVersion": version.split(".", maxsplit=1)[0],
        "DBParameterGroupFamily": family_of(version),
        "DBEngineDescription": "Aurora PostgreSQL",
        "DBEngineVersionDescription": f"Aurora PostgreSQL (compatible with PostgreSQL {version})",
        "ValidUpgradeTarget": [_target(version, other) for other in upgrade_targets(version)],
        "ExportableLogTypes": _LOGS,
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": False,
        "SupportedEngineModes": ["provisioned"],
        "SupportedFeatureNames": ["Lambda", "s3Export", "s3Import"],
        "Status": "available",
        "SupportsParallelQuery": False,
        "SupportsGlobalDatabases": True,
        "SupportsBabelfish": version_key(version) >= (13, 4),
        "SupportsLimitlessDatabase": False,
        "SupportsCertificateRotationWithoutRestart": rotates_without_restart(version),
        "SupportedCACertificateIdentifiers": list(AUTHORITIES),
        "SupportsLocalWriteForwarding": False,
        "SupportsIntegrations": version_key(version) >= (16, 4),
        "ServerlessV2FeaturesSupport": {"MinCapacity": 0.0, "MaxCapacity": 256.0},
    }


def _target(old: str, new: str) -> dict[str, Any]:
    minor = is_minor_upgrade(old, new)
    return {
        "Engine": ENGINE,
        "EngineVersion": new,
        "Description": f"Aurora PostgreSQL (compatible with PostgreSQL {new})",
        "AutoUpgrade": False,
        "IsMajorVersionUpgrade": not minor,
        "SupportedEngineModes": ["provisioned"],
    }


@add(RDSResponse)
def describe_db_engine_versions(self: Any) -> ActionResult:
    """The versions of Aurora PostgreSQL; other engines are none of this emulator's business."""
    found = versions() if self.params.get("Engine") in (None, ENGINE) else []
    wanted = self.params.get("EngineVersion")
    if wanted:
        found = [item for item in found if item == wanted or item.startswith(f"{wanted}.")]
    group = self.params.get("DBParameterGroupFamily")
    if group:
        found = [item for item in found if family_of(item) == group]
    if self.params.get("DefaultOnly"):
        found = [item for item in found if item == default_version()]
    return page(self, "DBEngineVersions", [_engine_version(item) for item in found])


@around(RDSResponse, "describe_orderable_db_instance_options")
def _orderable(original: Any, self: Any) -> Any:
    if self.params.get("Engine") != ENGINE:
        return original(self)
    wanted, version = self.params.get("DBInstanceClass"), self.params.get("EngineVersion")
    listed = [version] if version else versions()
    names = [wanted] if wanted else [*classes(), "db.serverless"]
    zones = [zone.name for zone in ec2_backends[self.current_account][self.region].describe_availability_zones()]
    options = [
        _option(name, item, zones) for item in listed for name in names if item in versions() and orderable(name, item)
    ]
    return page(self, "OrderableDBInstanceOptions", options)


def _option(name: str, version: str, zones: list[str]) -> dict[str, Any]:
    return {
        "Engine": ENGINE,
        "EngineVersion": version,
        "DBInstanceClass": name,
        "LicenseModel": "postgresql-license",
        "AvailabilityZones": [{"Name": zone} for zone in zones],
        "MultiAZCapable": False,
        "ReadReplicaCapable": False,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": "aurora",
        "SupportsIops": False,
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": True,
        "SupportedEngineModes": ["provisioned"],
        "SupportsGlobalDatabases": True,
        "SupportsClusters": True,
        "SupportedNetworkTypes": ["IPV4", "DUAL"],
    }


@add(RDSResponse)
def describe_certificates(self: Any) -> ActionResult:
    """The certificate authorities of the region; one that is asked for by name must be among them."""
    wanted = self.params.get("CertificateIdentifier")
    check_authority(wanted)
    found = [wanted.lower()] if wanted else list(AUTHORITIES)
    listed: Any = page(self, "Certificates", [_authority(self, name) for name in found]).result
    return ActionResult({"DefaultCertificateForNewLaunches": DEFAULT_AUTHORITY, **listed})


def _authority(self: Any, name: str) -> dict[str, Any]:
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in AUTHORITIES[name])
    return {
        "CertificateIdentifier": name,
        "CertificateType": "CA",
        "Thumbprint": sha1(name.encode()).hexdigest(),
        "ValidFrom": first,
        "ValidTill": last,
        "CertificateArn": f"arn:aws:rds:{self.region}::cert:{name}",
        "CustomerOverride": False,
    }


@add(RDSResponse)
def describe_pending_maintenance_actions(self: Any) -> ActionResult:
    """Minor upgrades that are on offer for clusters; deferred modifications are not listed here, as on AWS."""
    actions = []
    for cluster in self.backend.clusters.values():
        newest = [item for item in upgrade_targets(cluster.engine_version) if _minor_of(cluster, item)]
        if newest and cluster.engine == ENGINE:
            detail = {"Action": "db-upgrade", "Description": f"Upgrade to {newest[-1]}"}
            actions.append(
                {"ResourceIdentifier": cluster.arn, "PendingMaintenanceActionDetails": [detail]},
            )
    wanted = self.params.get("ResourceIdentifier")
    actions = [item for item in actions if wanted in (None, item["ResourceIdentifier"])]
    return page(self, "PendingMaintenanceActions", actions)


def _minor_of(cluster: Any, version: str) -> bool:
    return is_minor_upgrade(cluster.engine_version, version)


@add(RDSResponse)
def describe_db_cluster_automated_backups(self: Any) -> ActionResult:
    """One per living cluster: the continuous backup that its retention stands for."""
    backups = [_backup(item) for item in self.backend.clusters.values() if item.engine == ENGINE]
    wanted = self.params.get("DBClusterIdentifier")
    if wanted:
        backups = [item for item in backups if item["DBClusterIdentifier"] == wanted.lower()]
    resource = self.params.get("DbClusterResourceId")
    if resource:
        backups = [item for item in backups if item["DbClusterResourceId"] == resource]
    return page(self, "DBClusterAutomatedBackups", backups)


def _backup(cluster: Any) -> dict[str, Any]:
    return {
        "Engine": cluster.engine,
        "EngineVersion": cluster.engine_version,
        "DBClusterIdentifier": cluster.db_cluster_identifier,
        "DBClusterArn": cluster.arn,
        "DbClusterResourceId": cluster.db_cluster_resource_id,
        "DBClusterAutomatedBackupsArn": cluster.arn.replace(":cluster:", ":cluster-auto-backup:"),
        "Region": cluster.region,
        "Status": "active",
        "BackupRetentionPeriod": cluster.backup_retention_period,
        "ClusterCreateTime": cluster.cluster_create_time,
        "StorageEncrypted": cluster.storage_encrypted,
        "KmsKeyId": cluster.kms_key_id,
        "Port": cluster.port,
        "MasterUsername": cluster.master_username,
        "RestoreWindow": {
            "EarliestTime": cluster.earliest_restorable_time,
            "LatestTime": cluster.latest_restorable_time,
        },
    }


@add(RDSResponse)
def describe_account_attributes(self: Any) -> ActionResult:
    """Quotas of RDS with what is used: the defaults of a new account, or a multiple of them."""
    backend = self.backend
    custom = [name for name in backend.db_parameter_groups if not name.startswith("default.")]
    used = {
        "DBInstances": (len(backend.databases), 40),
        "ManualSnapshots": (len(backend.database_snapshots), 100),
        "DBParameterGroups": (len(custom), 50),
        "DBSubnetGroups": (len(backend.subnet_groups), 50),
        "SubnetsPerDBSubnetGroup": (max((len(g._subnets) for g in backend.subnet_groups.values()), default=0), 20),
        "EventSubscriptions": (len(backend.event_subscriptions), 20),
        "DBClusters": (len(backend.clusters), 40),
        "ManualClusterSnapshots": (_manual(backend), 100),
        "CustomEndpointsPerDBCluster": (0, 5),
        "DBClusterParameterGroups": (len(backend.db_cluster_parameter_groups), 50),
        "DBClusterRoles": (0, 5),
    }
    factor = WORLD.settings.quota_factor
    quotas = [{"AccountQuotaName": name, "Used": now, "Max": most * factor} for name, (now, most) in used.items()]
    return ActionResult({"AccountQuotas": quotas})


def _manual(backend: Any) -> int:
    return sum(1 for item in backend.cluster_snapshots.values() if item.snapshot_type == "manual")


@add(RDSResponse)
def enable_http_endpoint(self: Any) -> ActionResult:
    """Turn the Data API on."""
    return _data_api(self, True)


@add(RDSResponse)
def disable_http_endpoint(self: Any) -> ActionResult:
    """Turn the Data API off."""
    return _data_api(self, False)


def _data_api(self: Any, value: bool) -> ActionResult:
    arn = self.params["ResourceArn"]
    cluster = self.backend.clusters.get(arn.split(":cluster:")[-1])
    if cluster is None:
        raise rds_error("ResourceNotFoundFault", f"The resource {arn} was not found.")
    cluster._enable_http_endpoint = value
    return ActionResult({"ResourceArn": arn, "HttpEndpointEnabled": value})


@add(RDSResponse)
def remove_role_from_db_cluster(self: Any) -> ActionResult:
    """The counterpart of AddRoleToDBCluster."""
    cluster = self.backend.describe_db_clusters(self.params["DBClusterIdentifier"])[0]
    feature, arn = self.params.get("FeatureName"), self.params["RoleArn"]
    found = [item for item in cluster._associated_roles if (item.role_arn, item.feature_name) == (arn, feature)]
    if not found:
        raise rds_error("DBClusterRoleNotFound", f"The role {arn} is not associated with the cluster.")
    cluster._associated_roles.remove(found[0])
    return ActionResult(None)
