"""Checks that several RDS operations share."""

from __future__ import annotations

import time
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.rds.exceptions import DBClusterNotFoundError

from .errors import rds_error
from .rds_catalog import AUTHORITIES
from .world import WORLD

_MONITORING_POLICY = "AmazonRDSEnhancedMonitoringRole"
_INTERVALS = (0, 1, 5, 10, 15, 30, 60)
_ADVANCED_DAYS = 465


def named_cluster(backend: Any, name: str) -> Any:
    """The cluster of a name or ARN, or DBClusterNotFoundFault."""
    cluster = backend.clusters.get(name.split(":cluster:")[-1])
    if cluster is None:
        raise DBClusterNotFoundError(name)
    return cluster


def subnet_group_of(backend: Any, name: str) -> Any:
    """The DB subnet group of a name, or DBSubnetGroupNotFoundFault."""
    group = backend.subnet_groups.get(name)
    if group is None:
        raise rds_error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    return group


def check_security_groups(backend: Any, groups: list[str] | None) -> None:
    """Every security group must exist."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for group in groups or []:
        if ec2.get_security_group_from_id(group) is None:
            raise rds_error("InvalidParameterValue", f"Invalid security group , groupId= {group}, groupName=.")


def check_authority(name: str | None) -> None:
    """A certificate authority, in any case, must be one of the region."""
    if name and name.lower() not in AUTHORITIES:
        raise rds_error("CertificateNotFound", f"Certificate not found: {name}")


def check_retention(days: int | None) -> None:
    """1 to 35 days of automated backups."""
    if days is not None and not 1 <= int(days) <= 35:
        raise rds_error(
            "InvalidParameterValue",
            f"Invalid backup retention period: {days}. Retention period must be between 1 and 35.",
        )


def check_capacity(scaling: Any) -> None:
    """Serverless v2: 0 or 0.5 up to 256 ACUs in half steps, the minimum not above the maximum."""
    if not scaling:
        return
    low, high = scaling.get("MinCapacity"), scaling.get("MaxCapacity")
    for name, value, least in (("minimum", low, 0.0), ("maximum", high, 1.0)):
        if value is not None and not (least <= float(value) <= 256 and (float(value) * 2).is_integer()):
            raise rds_error(
                "InvalidParameterValue",
                f"Serverless v2 {name} capacity {value} isn't valid. It must be a multiple of 0.5 up to 256.0.",
            )
    if low is not None and high is not None and float(low) > float(high):
        raise rds_error(
            "InvalidParameterCombination",
            f"Serverless v2 maximum capacity {high} isn't valid. The maximum capacity must be greater than or equal "
            f"to the minimum capacity {low}.",
        )
    if scaling.get("SecondsUntilAutoPause") is not None and low is not None and float(low) > 0:
        raise rds_error(
            "InvalidParameterCombination", "SecondsUntilAutoPause can only be set with a minimum capacity of 0."
        )


def check_insights(values: Any) -> None:
    """Database Insights in advanced mode needs Performance Insights kept for 465 days."""
    if values.get("database_insights_mode") == "advanced":
        retention = values.get("performance_insights_retention_period")
        if not values.get("enable_performance_insights") or (retention or 0) < _ADVANCED_DAYS:
            raise rds_error(
                "InvalidParameterCombination",
                "To enable the Advanced mode of Database Insights, modify your cluster to enable Performance Insights "
                f"and set the retention period for Performance Insights to at least {_ADVANCED_DAYS} days.",
            )
    check_insights_retention(values.get("performance_insights_retention_period"))


def check_insights_retention(days: int | None) -> None:
    """7, 731, or a multiple of 31."""
    if days is not None and int(days) not in (7, 465, 731) and (int(days) % 31 or not 31 <= int(days) <= 713):
        raise rds_error(
            "InvalidParameterValue",
            f"Invalid Performance Insights retention period. Provide a valid retention period, not {days}.",
        )


def check_monitoring_role(arn: str | None, interval: int | None, backend: Any) -> None:
    """Enhanced monitoring needs a role that its service may assume and that has the permission, after propagation."""
    if interval is not None and int(interval) not in _INTERVALS:
        raise rds_error("InvalidParameterValue", f"Invalid monitoring interval: {interval}. Use one of {_INTERVALS}.")
    if interval and not arn:
        raise rds_error(
            "InvalidParameterCombination",
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
        )
    if not arn or not interval:
        return
    if not _role_fits(arn, backend):
        raise rds_error(
            "InvalidParameterValue",
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
        )


def _role_fits(arn: str, backend: Any) -> bool:
    iam = iam_backends[backend.account_id][backend.partition]
    role = next((item for item in iam.roles.values() if item.arn == arn), None)
    if role is None or "monitoring.rds.amazonaws.com" not in str(role.assume_role_policy_document):
        return False
    born = WORLD.at(backend.account_id, "global").visible_at.get(f"role:{role.id}", 0.0)
    if time.monotonic() < born + WORLD.settings.iam_propagation_seconds:
        return False
    attached = any(name.endswith(_MONITORING_POLICY) for name in role.managed_policies)
    return attached or any("logs:" in str(document) for document in role.policies.values())
