"""Short-hand for the resources that many tests need."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

ENGINE = "aurora-postgresql"
VERSION = "16.11"
FAMILY = "aurora-postgresql16"
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
TAGS = [{"Key": "owner", "Value": "tests"}]

Aws = Callable[[str], Any]


@dataclass
class Network:
    """A VPC with three subnets and a security group."""

    vpc: str
    subnets: list[str]
    group: str


def tag_spec(kind: str) -> list[dict[str, Any]]:
    """TagSpecifications with the tests' tag."""
    return [{"ResourceType": kind, "Tags": TAGS}]


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> str:
    """The call must be refused with this wire code; returns the message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def network(aws: Aws) -> Network:
    """Make a VPC with subnets in three zones."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("abc")
    ]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    return Network(vpc, subnets, group)


def gateway(aws: Aws, vpc: str) -> str:
    """Attach an internet gateway."""
    ec2 = aws("ec2")
    name = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=name, VpcId=vpc)
    return name


def subnet_group(aws: Aws, net: Network, name: str = "group") -> str:
    """Make a DB subnet group."""
    aws("rds").create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=net.subnets)
    return name


def cluster(aws: Aws, name: str = "orders", **more: Any) -> Any:
    """Make a cluster."""
    arguments = {
        "DBClusterIdentifier": name,
        "Engine": ENGINE,
        "EngineVersion": VERSION,
        "MasterUsername": "postgres",
        "MasterUserPassword": "secret-enough",
        **more,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    return aws("rds").create_db_cluster(**given)["DBCluster"]


def instance(aws: Aws, name: str = "orders-a", owner: str = "orders", **more: Any) -> Any:
    """Make a member of a cluster."""
    arguments = {
        "DBInstanceIdentifier": name,
        "DBClusterIdentifier": owner,
        "DBInstanceClass": "db.r7g.large",
        "Engine": ENGINE,
        **more,
    }
    return aws("rds").create_db_instance(**arguments)["DBInstance"]


def whole_cluster(aws: Aws, **more: Any) -> Network:
    """A network, a subnet group and a cluster in it."""
    net = network(aws)
    cluster(aws, DBSubnetGroupName=subnet_group(aws, net), VpcSecurityGroupIds=[net.group], **more)
    return net


def cluster_now(aws: Aws, name: str = "orders") -> Any:
    """The cluster as described."""
    return aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def instance_now(aws: Aws, name: str = "orders-a") -> Any:
    """The instance as described."""
    return aws("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def nat(aws: Aws, net: Network, **more: Any) -> Any:
    """Make an address and a NAT gateway that uses it."""
    ec2 = aws("ec2")
    address = more.pop("AllocationId", None) or ec2.allocate_address(Domain="vpc")["AllocationId"]
    return ec2.create_nat_gateway(SubnetId=more.pop("SubnetId", net.subnets[0]), AllocationId=address, **more)[
        "NatGateway"
    ]


def monitoring_role(aws: Aws, attach: bool = True) -> str:
    """A role for enhanced monitoring."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "monitoring.rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = aws("iam")
    role = iam.create_role(RoleName="monitoring", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    if attach:
        iam.attach_role_policy(RoleName="monitoring", PolicyArn=MONITORING_POLICY)
    return role["Arn"]
