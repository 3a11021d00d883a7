"""Promise 3: what was just created may be unknown for a while."""

from __future__ import annotations

from typing import Any

import pytest
import stack
from stack import refused

pytestmark = pytest.mark.gap


def test_a_new_vpc_is_unknown_at_first(aws: Any, emulator: Any, until: Any) -> None:
    """By id refused, by filter missing, and later there."""
    ec2, index = aws("ec2"), aws("resourcegroupstaggingapi")
    emulator.admin("consistency", seconds=2)
    made = ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=stack.tag_spec("vpc"))["Vpc"]["VpcId"]
    wanted = [{"Name": "tag:owner", "Values": ["tests"]}]
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[made])
    assert ec2.describe_vpcs(Filters=wanted)["Vpcs"] == []
    tags = [{"Key": "owner", "Values": ["tests"]}]
    assert index.get_resources(TagFilters=tags)["ResourceTagMappingList"] == []
    until(lambda: [item["VpcId"] for item in ec2.describe_vpcs(Filters=wanted)["Vpcs"]], [made])


def test_a_new_cluster_is_unknown_at_first(aws: Any, emulator: Any, until: Any) -> None:
    """The same for RDS; a second create still collides."""
    aws("rds")
    emulator.admin("consistency", seconds=2)
    stack.cluster(aws)
    refused("DBClusterNotFoundFault", aws("rds").describe_db_clusters, DBClusterIdentifier="orders")
    refused(
        "DBClusterAlreadyExistsFault",
        aws("rds").create_db_cluster,
        DBClusterIdentifier="orders",
        Engine=stack.ENGINE,
        MasterUsername="postgres",
        MasterUserPassword="secret-enough",
    )
    until(lambda: [item["Status"] for item in aws("rds").describe_db_clusters()["DBClusters"]], ["available"])


def test_a_new_role_cannot_be_used_at_once(aws: Any, emulator: Any, until: Any) -> None:
    """IAM takes its time to reach RDS."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    emulator.admin("consistency", iam_seconds=2)
    role = stack.monitoring_role(aws)
    call = {
        "DBInstanceIdentifier": "a",
        "DBClusterIdentifier": "orders",
        "DBInstanceClass": "db.r7g.large",
        "Engine": stack.ENGINE,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": role,
    }
    refused("InvalidParameterValue", aws("rds").create_db_instance, **call)

    def accepted() -> bool:
        try:
            aws("rds").create_db_instance(**call)
        except aws("rds").exceptions.ClientError:
            return False
        return True

    until(accepted, True)
