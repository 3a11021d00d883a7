"""Custom endpoints of clusters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds import models as moto_rds
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .extend import add, around
from .names import check_identifier
from .rds_lifecycle import Target, need_cluster
from .rds_models import resource_id
from .rds_paging import page
from .rds_rules import named_cluster
from .world import WORLD, Scope


class ClusterEndpoint(moto_rds.RDSBaseModel):
    """A custom endpoint: a host name for some of a cluster's members."""

    resource_type = "cluster-endpoint"

    def __init__(self, backend: Any, cluster: Any, parameters: Any) -> None:
        super().__init__(backend)
        self.db_cluster_endpoint_identifier = parameters["DBClusterEndpointIdentifier"].lower()
        self.db_cluster_identifier = cluster.db_cluster_identifier
        self.db_cluster_endpoint_resource_identifier = resource_id("cluster-endpoint")
        self.endpoint_type = "CUSTOM"
        self.custom_endpoint_type = parameters["EndpointType"]
        self.static_members = list(parameters.get("StaticMembers") or [])
        self.excluded_members = list(parameters.get("ExcludedMembers") or [])
        self.status = "creating"
        self.endpoint = (
            f"{self.db_cluster_endpoint_identifier}.cluster-custom-{cluster.url_identifier}."
            f"{self.region}.rds.amazonaws.com"
        )
        self.tags = parameters.get("Tags") or []

    @property
    def resource_id(self) -> str:
        """The last part of the ARN."""
        return self.db_cluster_endpoint_identifier

    @property
    def db_cluster_endpoint_arn(self) -> str:
        """The ARN."""
        return self.arn


def endpoints(backend: Any) -> dict[str, ClusterEndpoint]:
    """The custom endpoints of an account and region."""
    return WORLD.of(backend).cluster_endpoints


def _check_members(parameters: Any) -> None:
    if parameters.get("StaticMembers") and parameters.get("ExcludedMembers"):
        raise rds_error("InvalidParameterCombination", "StaticMembers and ExcludedMembers can't be specified together.")


@add(RDSResponse)
def create_db_cluster_endpoint(self: Any) -> ActionResult:
    """Make a custom endpoint."""
    name, cluster = (
        self.params["DBClusterEndpointIdentifier"],
        named_cluster(self.backend, self.params["DBClusterIdentifier"]),
    )
    check_identifier("DBClusterEndpointIdentifier", name)
    known = endpoints(self.backend)
    if name.lower() in known:
        raise rds_error("DBClusterEndpointAlreadyExistsFault", f"DB cluster endpoint {name} already exists.")
    need_cluster(cluster, "available")
    if self.params["EndpointType"] not in ("READER", "ANY"):
        raise rds_error("InvalidParameterValue", "The endpoint type must be READER or ANY.")
    _check_members(self.params)
    if sum(1 for item in known.values() if item.db_cluster_identifier == cluster.db_cluster_identifier) >= 5:
        raise rds_error("DBClusterEndpointQuotaExceededFault", "The cluster already has the maximum of 5 endpoints.")
    endpoint = ClusterEndpoint(self.backend, cluster, self.params)
    known[endpoint.resource_id] = endpoint
    _pass(endpoint, "creating", "db-cluster-endpoint.create")
    return ActionResult(endpoint)


def _pass(endpoint: ClusterEndpoint, state: str, duration: str) -> None:
    endpoint.status = state
    target = (endpoint.account_id, endpoint.region, endpoint.resource_id)
    TIMELINE.schedule(seconds(duration), "cluster-endpoint-settles", target, state)


@action("cluster-endpoint-settles")
def _settles(target: Target, state: str) -> None:
    known = WORLD.regions[Scope(target[0], target[1])].cluster_endpoints
    endpoint = known.get(target[2])
    if endpoint is None or endpoint.status != state:
        return
    if state == "deleting":
        del known[target[2]]
    else:
        endpoint.status = "available"


def _named(self: Any) -> ClusterEndpoint:
    name = self.params["DBClusterEndpointIdentifier"].lower()
    endpoint = endpoints(self.backend).get(name)
    if endpoint is None:
        raise rds_error("DBClusterEndpointNotFoundFault", f"DB cluster endpoint {name} not found.")
    return endpoint


@add(RDSResponse)
def modify_db_cluster_endpoint(self: Any) -> ActionResult:
    """Change type or members."""
    endpoint = _named(self)
    if endpoint.status != "available":
        raise rds_error("InvalidDBClusterEndpointStateFault", f"The endpoint is {endpoint.status}.")
    _check_members(self.params)
    if self.params.get("EndpointType"):
        endpoint.custom_endpoint_type = self.params["EndpointType"]
    if "StaticMembers" in self.params:
        endpoint.static_members, endpoint.excluded_members = list(self.params["StaticMembers"]), []
    if "ExcludedMembers" in self.params:
        endpoint.static_members, endpoint.excluded_members = [], list(self.params["ExcludedMembers"])
    _pass(endpoint, "modifying", "db-cluster-endpoint.modify")
    return ActionResult(endpoint)


@add(RDSResponse)
def delete_db_cluster_endpoint(self: Any) -> ActionResult:
    """Delete a custom endpoint."""
    endpoint = _named(self)
    if endpoint.status == "deleting":
        raise rds_error("InvalidDBClusterEndpointStateFault", "The endpoint is already being deleted.")
    _pass(endpoint, "deleting", "db-cluster-endpoint.delete")
    return ActionResult(endpoint)


def _builtin(cluster: Any) -> list[dict[str, Any]]:
    return [
        {
            "DBClusterIdentifier": cluster.db_cluster_identifier,
            "Endpoint": address,
            "Status": "available" if cluster.state != "creating" else "creating",
            "EndpointType": kind,
        }
        for address, kind in ((cluster.endpoint, "WRITER"), (cluster.reader_endpoint, "READER"))
    ]


@add(RDSResponse)
def describe_db_cluster_endpoints(self: Any) -> ActionResult:
    """Custom and built-in endpoints."""
    wanted, cluster = self.params.get("DBClusterEndpointIdentifier"), self.params.get("DBClusterIdentifier")
    found: list[Any] = [_named(self)] if wanted else list(endpoints(self.backend).values())
    if cluster:
        found = [item for item in found if item.db_cluster_identifier == cluster.lower()]
    if not wanted:
        clusters = [named_cluster(self.backend, cluster)] if cluster else self.backend.clusters.values()
        found += [item for one in clusters for item in _builtin(one)]
    for wish in self.params.get("Filters", []):
        found = [item for item in found if _matches(item, wish["Name"], wish["Values"])]
    return page(self, "DBClusterEndpoints", found)


def _matches(endpoint: Any, name: str, values: list[str]) -> bool:
    attribute = {
        "db-cluster-endpoint-type": "endpoint_type",
        "db-cluster-endpoint-custom-type": "custom_endpoint_type",
        "db-cluster-endpoint-id": "db_cluster_endpoint_identifier",
        "db-cluster-endpoint-status": "status",
    }[name]
    if isinstance(endpoint, dict):
        value = {"endpoint_type": endpoint["EndpointType"], "status": endpoint["Status"]}.get(attribute)
    else:
        value = getattr(endpoint, attribute)
    return str(value).lower() in [item.lower() for item in values]


@around(RDSBackend, "_get_resource_for_tagging")
def _taggable(original: Any, self: Any, arn: str) -> Any:
    if ":cluster-endpoint:" in arn:
        return endpoints(self).get(arn.rsplit(":", 1)[-1])
    if ":global-cluster:" in arn:
        return self.get_backend("rds", "us-east-1").global_clusters.get(arn.rsplit(":", 1)[-1])
    found = original(self, arn)
    if found is None:
        kind = arn.split(":")[5]
        raise rds_error(_NOT_FOUND.get(kind, "InvalidParameterValue"), f"The resource {arn} was not found.")
    return found


_NOT_FOUND = {
    "cluster": "DBClusterNotFoundFault",
    "db": "DBInstanceNotFound",
    "subgrp": "DBSubnetGroupNotFoundFault",
    "pg": "DBParameterGroupNotFound",
    "cluster-pg": "DBParameterGroupNotFound",
    "snapshot": "DBSnapshotNotFound",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
    "db-proxy": "DBProxyNotFoundFault",
}
