"""DB subnet groups and parameter groups: duplicates, names, use by clusters, and what Describe answers."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import DBClusterParameterGroup, DBParameterGroup, RDSBackend
from moto.rds.responses import RDSResponse

from .errors import rds_error
from .extend import around
from .names import check_parameter_group, check_subnet_group
from .rds_catalog import ENGINE, known_families
from .rds_rules import subnet_group_of


@around(RDSBackend, "create_subnet_group")
def _create_subnet_group(
    original: Any, self: Any, subnet_name: str, description: str, subnets: list[Any], tags: Any
) -> Any:
    check_subnet_group(subnet_name)
    if subnet_name.lower() in self.subnet_groups:
        raise rds_error("DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists.")
    _check_subnets(subnets)
    return original(self, subnet_name, description, subnets, tags)


def _check_subnets(subnets: list[Any]) -> None:
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise rds_error("InvalidParameterValue", "The specified subnets are not in the same VPC.")
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        raise rds_error(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )


def subnets_in_use(backend: Any, group: Any) -> set[str]:
    """The subnets in which members of clusters of this group live."""
    zones = {
        member.availability_zone
        for member in backend.databases.values()
        if getattr(member, "cluster", None) is not None and member.cluster.db_subnet_group_name == group.name
    }
    return {subnet.id for subnet in group._subnets if subnet.availability_zone in zones}


@around(RDSResponse, "create_db_subnet_group", "modify_db_subnet_group")
def _subnets_exist(original: Any, self: Any) -> Any:
    ec2 = ec2_backends[self.current_account][self.region]
    known = {subnet for subnets in ec2.subnets.values() for subnet in subnets}
    missing = [item for item in self.params.get("SubnetIds", []) if item not in known]
    if missing:
        raise rds_error("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")
    return original(self)


@around(RDSBackend, "modify_db_subnet_group")
def _modify_subnet_group(_original: Any, self: Any, subnet_name: str, description: str, subnets: list[Any]) -> Any:
    group = subnet_group_of(self, subnet_name)
    _check_subnets(subnets)
    removed = subnets_in_use(self, group) - {subnet.id for subnet in subnets}
    if removed:
        raise rds_error("SubnetAlreadyInUse", f"The subnets {', '.join(sorted(removed))} are in use.")
    group._subnets = subnets
    if description is not None:
        group.description = description
    return group


@around(RDSBackend, "delete_subnet_group")
def _delete_subnet_group(original: Any, self: Any, subnet_name: str) -> Any:
    group = subnet_group_of(self, subnet_name)
    users = [item.db_cluster_identifier for item in self.clusters.values() if item.db_subnet_group_name == group.name]
    if users:
        raise rds_error(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{group.name}' because at least one database instance or cluster: "
            f"{users[0]} is still using it.",
        )
    return original(self, subnet_name)


@around(RDSBackend, "describe_db_subnet_groups")
def _describe_subnet_groups(original: Any, self: Any, subnet_group_name: str) -> Any:
    if subnet_group_name:
        return [subnet_group_of(self, subnet_group_name)]
    return original(self, subnet_group_name)


def _check_group(name: str, family: str) -> None:
    if family and family.startswith(ENGINE) and family not in known_families():
        raise rds_error("InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family")
    check_parameter_group("DBParameterGroupName", name)


@around(RDSBackend, "create_db_cluster_parameter_group")
def _create_cluster_group(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    _check_group(kwargs["db_cluster_parameter_group_name"], kwargs["db_parameter_group_family"])
    return original(self, *args, **kwargs)


@around(RDSBackend, "create_db_parameter_group")
def _create_group(original: Any, self: Any, kwargs: Any) -> Any:
    _check_group(kwargs["db_parameter_group_name"], kwargs["db_parameter_group_family"])
    return original(self, kwargs)


@around(RDSBackend, "describe_db_parameter_groups")
def _describe_groups(original: Any, self: Any, kwargs: Any) -> Any:
    name = kwargs.get("db_parameter_group_name")
    if name and name.startswith("default."):
        return [_default_group(self, DBParameterGroup, name)]
    found = original(self, {"db_parameter_group_name": name.lower()} if name else kwargs)
    if name and not found:
        raise rds_error("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
    return found


@around(RDSBackend, "describe_db_cluster_parameter_groups")
def _describe_cluster_groups(original: Any, self: Any, group_name: str | None) -> Any:
    if group_name and group_name.startswith("default."):
        return [_default_group(self, DBClusterParameterGroup, group_name)]
    return original(self, group_name)


def _default_group(backend: Any, cls: type, name: str) -> Any:
    family = name.removeprefix("default.")
    if family not in known_families():
        raise rds_error("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
    description = f"Default {'cluster ' if cls is DBClusterParameterGroup else ''}parameter group for {family}"
    return cls(backend, name, description, family)


def _refuse_delete(name: str, users: list[str]) -> None:
    if name.startswith("default."):
        raise rds_error("InvalidDBParameterGroupState", f"Default DBParameterGroup cannot be deleted: {name}")
    if users:
        raise rds_error(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {name}, so the group cannot be "
            "deleted",
        )


@around(RDSBackend, "delete_db_cluster_parameter_group")
def _delete_cluster_group(original: Any, self: Any, db_cluster_parameter_group_name: str) -> Any:
    name = db_cluster_parameter_group_name.lower()
    clusters = self.clusters.values()
    _refuse_delete(name, [item.db_cluster_identifier for item in clusters if item.parameter_group == name])
    return original(self, db_cluster_parameter_group_name)


@around(RDSBackend, "delete_db_parameter_group")
def _delete_group(original: Any, self: Any, db_parameter_group_name: str) -> Any:
    name = db_parameter_group_name.lower()
    instances = self.databases.values()
    _refuse_delete(name, [item.db_instance_identifier for item in instances if item.db_parameter_group_name == name])
    return original(self, db_parameter_group_name)
