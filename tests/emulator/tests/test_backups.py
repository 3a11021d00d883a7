"""Snapshots, restores, stopping: what later operations of a cluster rest on."""

from __future__ import annotations

from typing import Any

import pytest
import stack
from stack import refused

pytestmark = pytest.mark.gap


def test_snapshot_takes_time(aws: Any, emulator: Any) -> None:
    """creating -> available; nothing is restored from one that is not ready."""
    rds = aws("rds")
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    emulator.admin("speed", factor=1)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="snap")
    assert rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="snap")["DBClusterSnapshots"][0]["Status"] == (
        "creating"
    )
    call = {"DBClusterIdentifier": "copy", "SnapshotIdentifier": "snap", "Engine": stack.ENGINE}
    refused("InvalidDBClusterSnapshotStateFault", rds.restore_db_cluster_from_snapshot, **call)
    emulator.admin("speed", factor=0)
    made = rds.restore_db_cluster_from_snapshot(**call, DBSubnetGroupName="group")["DBCluster"]
    assert (made["Status"], made["EngineVersion"]) == ("creating", stack.VERSION)
    assert stack.cluster_now(aws, "copy")["Status"] == "available"


def test_restore_to_a_point_in_time(aws: Any) -> None:
    """A clone has a life of its own: no members, states or pending values of the original."""
    stack.whole_cluster(aws, ManageMasterUserPassword=True, MasterUserPassword=None)
    stack.cluster_now(aws)
    stack.instance(aws)
    call = {
        "DBClusterIdentifier": "copy",
        "SourceDBClusterIdentifier": "orders",
        "RestoreType": "copy-on-write",
        "DBSubnetGroupName": "group",
    }
    restore = aws("rds").restore_db_cluster_to_point_in_time
    refused("InvalidParameterCombination", restore, **call)
    made = restore(UseLatestRestorableTime=True, **call)["DBCluster"]
    assert (made["DBClusterMembers"], made["Status"]) == ([], "creating")
    assert made["DbClusterResourceId"] != stack.cluster_now(aws)["DbClusterResourceId"]


def test_stop_and_start(aws: Any, emulator: Any) -> None:
    """stopping, stopped, starting, available; a stopped cluster is not modified."""
    rds = aws("rds")
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    stack.instance(aws)
    stack.cluster_now(aws)
    emulator.admin("speed", factor=1)
    assert rds.stop_db_cluster(DBClusterIdentifier="orders")["DBCluster"]["Status"] == "stopping"
    emulator.admin("speed", factor=0)
    assert stack.cluster_now(aws)["Status"] == "stopped"
    assert stack.instance_now(aws)["DBInstanceStatus"] == "stopped"
    refused("InvalidDBClusterStateFault", rds.modify_db_cluster, DBClusterIdentifier="orders", BackupRetentionPeriod=9)
    assert rds.start_db_cluster(DBClusterIdentifier="orders")["DBCluster"]["Status"] == "starting"
    assert stack.cluster_now(aws)["Status"] == "available"
