"""Promise 1: states take time, time can be sped up, and AWS's refusals of operations in the wrong state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stack
from stack import refused

pytestmark = pytest.mark.gap


def _members(aws: Any) -> list[tuple[str, bool]]:
    return [
        (item["DBInstanceIdentifier"], item["IsClusterWriter"]) for item in stack.cluster_now(aws)["DBClusterMembers"]
    ]


def _ready(aws: Any, *names: str, **more: Any) -> stack.Network:
    net = stack.whole_cluster(aws, **more)
    stack.cluster_now(aws)
    for index, name in enumerate(names):
        stack.instance(aws, name, PromotionTier=index)
    stack.cluster_now(aws)
    return net


def test_cluster_is_created_by_and_by(aws: Any, emulator: Any, until: Any) -> None:
    """creating -> available after 40 s of AWS time, sped up 200 times."""
    emulator.admin("speed", factor=200)
    stack.cluster(aws)
    assert stack.cluster_now(aws)["Status"] == "creating"
    until(lambda: stack.cluster_now(aws)["Status"], "available")


def test_a_member_has_to_wait_for_its_cluster(aws: Any, emulator: Any) -> None:
    """CreateDBInstance while the cluster is creating."""
    emulator.admin("speed", factor=1)
    stack.cluster(aws)
    refused(
        "InvalidDBClusterStateFault",
        aws("rds").create_db_instance,
        DBInstanceIdentifier="a",
        DBClusterIdentifier="orders",
        DBInstanceClass="db.r7g.large",
        Engine=stack.ENGINE,
    )


def test_readers_wait_for_the_first_member(aws: Any, emulator: Any, until: Any) -> None:
    """The first member takes 370 s, a further one 270 s from then on."""
    _ready(aws)
    emulator.admin("speed", factor=500)
    stack.instance(aws, "w")
    stack.instance(aws, "r")
    start = emulator.admin("health")["emulated_seconds"]
    until(lambda: stack.instance_now(aws, "w")["DBInstanceStatus"], "available")
    assert stack.instance_now(aws, "r")["DBInstanceStatus"] == "creating"
    until(lambda: stack.instance_now(aws, "r")["DBInstanceStatus"], "available")
    assert emulator.admin("health")["emulated_seconds"] - start >= 600


def test_first_member_is_the_writer(aws: Any) -> None:
    """Whatever the tiers say; the members spread over the zones of the subnet group."""
    _ready(aws)
    stack.instance(aws, "w", PromotionTier=5)
    stack.instance(aws, "r", PromotionTier=0)
    assert _members(aws) == [("w", True), ("r", False)]
    assert [stack.instance_now(aws, name)["AvailabilityZone"] for name in "wr"] == ["us-east-1a", "us-east-1b"]


def test_failover_and_reboot(aws: Any, emulator: Any) -> None:
    """failing-over and rebooting, and the roles change."""
    _ready(aws, "w", "r")
    emulator.admin("speed", factor=1)
    failover = aws("rds").failover_db_cluster
    refused("InvalidDBInstanceState", failover, DBClusterIdentifier="orders", TargetDBInstanceIdentifier="x")
    answer = failover(DBClusterIdentifier="orders", TargetDBInstanceIdentifier="r")
    assert answer["DBCluster"]["Status"] == "failing-over"
    assert stack.instance_now(aws, "w")["DBInstanceStatus"] == "rebooting"
    assert _members(aws) == [("w", True), ("r", False)], "nobody takes writes before the target is promoted"
    refused("InvalidDBInstanceState", aws("rds").reboot_db_instance, DBInstanceIdentifier="w")
    refused("InvalidDBClusterStateFault", failover, DBClusterIdentifier="orders", TargetDBInstanceIdentifier="r")
    emulator.admin("speed", factor=0)
    assert _members(aws) == [("w", False), ("r", True)]
    assert stack.cluster_now(aws)["Status"] == "available"
    aws("rds").delete_db_instance(DBInstanceIdentifier="w")
    stack.cluster_now(aws)
    refused("InvalidDBClusterStateFault", failover, DBClusterIdentifier="orders")


def test_a_class_change_restarts_with_the_values_of_its_groups(aws: Any, emulator: Any) -> None:
    """The writer is away while its class changes, keeps its role, and comes back in sync."""
    aws("rds").create_db_parameter_group(
        DBParameterGroupName="own", DBParameterGroupFamily=stack.FAMILY, Description="d"
    )
    _ready(aws, "w", "r")
    modify = aws("rds").modify_db_instance
    modify(DBInstanceIdentifier="w", DBParameterGroupName="own")
    status = stack.instance_now(aws, "w")["DBParameterGroups"][0]["ParameterApplyStatus"]
    assert status == "pending-reboot"
    emulator.admin("speed", factor=1)
    modify(DBInstanceIdentifier="w", DBInstanceClass="db.r7g.xlarge", ApplyImmediately=True)
    assert stack.instance_now(aws, "w")["DBInstanceStatus"] == "modifying"
    emulator.admin("speed", factor=0)
    assert stack.instance_now(aws, "w")["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    assert _members(aws) == [("w", True), ("r", False)]


def test_a_certificate_waits_for_the_window(aws: Any) -> None:
    """Without ApplyImmediately it is pending."""
    _ready(aws, "w")
    modify = aws("rds").modify_db_instance
    modify(DBInstanceIdentifier="w", CACertificateIdentifier="rds-ca-ecc384-g1")
    found = stack.instance_now(aws, "w")
    assert found["PendingModifiedValues"] == {"CACertificateIdentifier": "rds-ca-ecc384-g1"}
    modify(DBInstanceIdentifier="w", CACertificateIdentifier="rds-ca-ecc384-g1", ApplyImmediately=True)
    found = stack.instance_now(aws, "w")
    assert (found["CACertificateIdentifier"], found["PendingModifiedValues"]) == ("rds-ca-ecc384-g1", {})


def test_a_certificate_restarts_older_versions(aws: Any, emulator: Any) -> None:
    """DescribeDBEngineVersions says which, and ModifyDBInstance does as it says."""
    modify = aws("rds").modify_db_instance

    def rotates(version: str) -> bool:
        (found,) = aws("rds").describe_db_engine_versions(Engine=stack.ENGINE, EngineVersion=version)["DBEngineVersions"]
        return bool(found["SupportsCertificateRotationWithoutRestart"])

    _ready(aws, "w")
    emulator.admin("speed", factor=1)
    modify(DBInstanceIdentifier="w", CACertificateIdentifier="rds-ca-ecc384-g1", ApplyImmediately=True)
    assert (rotates("16.11"), stack.instance_now(aws, "w")["DBInstanceStatus"]) == (True, "modifying")
    emulator.admin("speed", factor=0)
    stack.cluster(aws, "old", EngineVersion="12.22")
    stack.instance(aws, "o", "old")
    assert stack.instance_now(aws, "o")["DBInstanceStatus"] == "available"
    emulator.admin("speed", factor=1)
    modify(DBInstanceIdentifier="o", CACertificateIdentifier="rds-ca-ecc384-g1", ApplyImmediately=True)
    assert (rotates("12.22"), stack.instance_now(aws, "o")["DBInstanceStatus"]) == (False, "rebooting")
    emulator.admin("speed", factor=0)
    assert stack.instance_now(aws, "o")["CACertificateIdentifier"] == "rds-ca-ecc384-g1"


def test_readers_have_a_lag(aws: Any) -> None:
    """CloudWatch tells the lag of readers that are up, and nothing of the writer."""
    _ready(aws, "w", "r")
    end = datetime.now(UTC)

    def points(name: str) -> list[Any]:
        found: list[Any] = aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="AuroraReplicaLag",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": name}],
            StartTime=end - timedelta(minutes=2),
            EndTime=end,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        return found

    assert points("w") == []
    assert [point["Maximum"] for point in points("r")] == [20.0]


def test_modifying_refuses_the_next_change(aws: Any, emulator: Any) -> None:
    """ModifyDBCluster puts the cluster into `modifying`."""
    _ready(aws)
    emulator.admin("speed", factor=1)
    modify = aws("rds").modify_db_cluster
    assert modify(DBClusterIdentifier="orders", BackupRetentionPeriod=9)["DBCluster"]["Status"] == "modifying"
    refused("InvalidDBClusterStateFault", modify, DBClusterIdentifier="orders", BackupRetentionPeriod=10)
    modify(DBClusterIdentifier="orders", DeletionProtection=True)


def test_class_change_waits_for_the_window(aws: Any) -> None:
    """Without ApplyImmediately the class is pending; with it the instance passes through `modifying`."""
    _ready(aws, "w")
    modify = aws("rds").modify_db_instance
    modify(DBInstanceIdentifier="w", DBInstanceClass="db.r7g.xlarge")
    found = stack.instance_now(aws, "w")
    assert (found["DBInstanceClass"], found["PendingModifiedValues"]) == (
        "db.r7g.large",
        {"DBInstanceClass": "db.r7g.xlarge"},
    )
    answer = modify(DBInstanceIdentifier="w", DBInstanceClass="db.r7g.xlarge", ApplyImmediately=True)
    assert answer["DBInstance"]["DBInstanceStatus"] == "modifying"
    found = stack.instance_now(aws, "w")
    assert (found["DBInstanceClass"], found["PendingModifiedValues"]) == ("db.r7g.xlarge", {})


def test_upgrade(aws: Any, emulator: Any) -> None:
    """upgrading, then the new version everywhere."""
    _ready(aws, "w", EngineVersion="16.8")
    emulator.admin("speed", factor=1)
    aws("rds").modify_db_cluster(DBClusterIdentifier="orders", EngineVersion="16.11", ApplyImmediately=True)
    assert stack.cluster_now(aws)["Status"] == "upgrading"
    assert stack.instance_now(aws, "w")["DBInstanceStatus"] == "upgrading"
    emulator.admin("speed", factor=0)
    assert (stack.cluster_now(aws)["EngineVersion"], stack.cluster_now(aws)["Status"]) == ("16.11", "available")


def test_snapshot_backs_up(aws: Any, emulator: Any) -> None:
    """backing-up while a snapshot is taken."""
    _ready(aws)
    emulator.admin("speed", factor=1)
    aws("rds").create_db_cluster_snapshot(DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="snap")
    assert stack.cluster_now(aws)["Status"] == "backing-up"


def test_deletion_takes_time(aws: Any, emulator: Any) -> None:
    """deleting; the groups stay in use until the cluster is gone; a second delete is refused."""
    net = _ready(aws, "w")
    rds = aws("rds")
    emulator.admin("speed", factor=1)
    rds.delete_db_instance(DBInstanceIdentifier="w")
    assert stack.instance_now(aws, "w")["DBInstanceStatus"] == "deleting"
    refused("InvalidDBInstanceState", rds.delete_db_instance, DBInstanceIdentifier="w")
    rds.delete_db_cluster(DBClusterIdentifier="orders", SkipFinalSnapshot=True)
    assert stack.cluster_now(aws)["Status"] == "deleting"
    refused("InvalidDBClusterStateFault", rds.delete_db_cluster, DBClusterIdentifier="orders", SkipFinalSnapshot=True)
    refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, DBSubnetGroupName="group")
    refused("DependencyViolation", aws("ec2").delete_subnet, SubnetId=net.subnets[0])
    emulator.admin("speed", factor=0)
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="w")
    refused("DBClusterNotFoundFault", rds.describe_db_clusters, DBClusterIdentifier="orders")
    rds.delete_db_subnet_group(DBSubnetGroupName="group")


def test_master_secret_becomes_active(aws: Any, emulator: Any) -> None:
    """The managed secret is `creating` for as long as time says, however often it is read."""
    emulator.admin("speed", factor=1)
    aws("rds").create_db_cluster(
        DBClusterIdentifier="orders", Engine=stack.ENGINE, MasterUsername="postgres", ManageMasterUserPassword=True
    )
    assert [stack.cluster_now(aws)["MasterUserSecret"]["SecretStatus"] for _ in range(2)] == ["creating"] * 2
    emulator.admin("speed", factor=0)
    assert stack.cluster_now(aws)["MasterUserSecret"]["SecretStatus"] == "active"


def test_static_parameter_needs_a_reboot(aws: Any) -> None:
    """pending-reboot on the members until they are rebooted."""
    rds = aws("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily=stack.FAMILY, Description="d"
    )
    _ready(aws, "w", DBClusterParameterGroupName="own")
    value = {"ParameterName": "max_connections", "ParameterValue": "500", "ApplyMethod": "pending-reboot"}
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=[value])
    member = stack.cluster_now(aws)["DBClusterMembers"][0]
    assert member["DBClusterParameterGroupStatus"] == "pending-reboot"
    rds.reboot_db_instance(DBInstanceIdentifier="w")
    member = stack.cluster_now(aws)["DBClusterMembers"][0]
    assert member["DBClusterParameterGroupStatus"] == "in-sync"


def test_what_follows_from_the_capacity_range_needs_a_reboot(aws: Any) -> None:
    """pending-reboot on the serverless members alone, until they are rebooted; not where the values stay as they are."""
    rds = aws("rds")

    def scaling(low: float, high: float) -> dict[str, float]:
        return {"MinCapacity": low, "MaxCapacity": high}

    def status() -> dict[str, str]:
        members = stack.cluster_now(aws)["DBClusterMembers"]
        return {item["DBInstanceIdentifier"]: item["DBClusterParameterGroupStatus"] for item in members}

    _ready(aws, "p", ServerlessV2ScalingConfiguration=scaling(0.5, 8))
    stack.instance(aws, "s", DBInstanceClass="db.serverless")
    stack.cluster_now(aws)
    for low, high, waits in ((0.5, 16, True), (1, 16, True), (4, 16, False), (0.5, 8, True), (1, 8, False)):
        rds.modify_db_cluster(DBClusterIdentifier="orders", ServerlessV2ScalingConfiguration=scaling(low, high))
        now = stack.cluster_now(aws)["ServerlessV2ScalingConfiguration"]
        assert (now["MinCapacity"], now["MaxCapacity"]) == (low, high)
        assert status() == {"p": "in-sync", "s": "pending-reboot" if waits else "in-sync"}, (low, high)
        rds.reboot_db_instance(DBInstanceIdentifier="s")
        assert status() == {"p": "in-sync", "s": "in-sync"}


def _with_a_static_value(aws: Any, emulator: Any) -> None:
    """A cluster and its member have groups of their own, which get a static value just now."""
    rds = aws("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily=stack.FAMILY, Description="d"
    )
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily=stack.FAMILY, Description="d")
    _ready(aws, DBClusterParameterGroupName="own")
    stack.instance(aws, "w", DBParameterGroupName="own")
    stack.cluster_now(aws)
    emulator.admin("speed", factor=1)
    value = {"ParameterName": "max_connections", "ParameterValue": "500", "ApplyMethod": "pending-reboot"}
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=[value])
    rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[value])


def _marks(aws: Any) -> tuple[str, str]:
    own = stack.instance_now(aws, "w")["DBParameterGroups"][0]["ParameterApplyStatus"]
    return stack.cluster_now(aws)["DBClusterMembers"][0]["DBClusterParameterGroupStatus"], own


def test_members_are_marked_a_while_after_a_static_value(aws: Any, emulator: Any) -> None:
    """in-sync at first, then pending-reboot, for the values of the cluster's group and of the instance's own."""
    _with_a_static_value(aws, emulator)
    assert _marks(aws) == ("in-sync", "in-sync")
    emulator.admin("speed", factor=0)
    assert _marks(aws) == ("pending-reboot", "pending-reboot")
    aws("rds").reboot_db_instance(DBInstanceIdentifier="w")
    assert _marks(aws) == ("in-sync", "in-sync")


def test_a_restart_before_the_mark_does_not_count(aws: Any, emulator: Any) -> None:
    """Who restarts before it knows of the values comes back with the old ones and waits for another restart."""
    _with_a_static_value(aws, emulator)
    aws("rds").reboot_db_instance(DBInstanceIdentifier="w")
    emulator.admin("speed", factor=0)
    assert _marks(aws) == ("pending-reboot", "pending-reboot")
    aws("rds").reboot_db_instance(DBInstanceIdentifier="w")
    assert _marks(aws) == ("in-sync", "in-sync")


def test_nat_gateway_lives_and_dies(aws: Any, emulator: Any) -> None:
    """pending, available, deleting, deleted; what hangs on it waits; the tombstone stays visible."""
    net, ec2 = stack.network(aws), aws("ec2")
    internet = stack.gateway(aws, net.vpc)
    emulator.admin("speed", factor=1)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    name = stack.nat(aws, net, AllocationId=address)["NatGatewayId"]

    def state() -> str:
        return ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"][0]["State"]

    assert state() == "pending"
    emulator.admin("speed", factor=0)
    assert state() == "available"
    emulator.admin("speed", factor=1)
    ec2.delete_nat_gateway(NatGatewayId=name)
    assert state() == "deleting"
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=net.subnets[0])
    refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=internet, VpcId=net.vpc)
    emulator.admin("speed", factor=0)
    assert state() == "deleted"
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=net.subnets[0])


def test_nat_gateway_fails_later(aws: Any) -> None:
    """The call succeeds, the gateway turns failed: no internet gateway, or an address that is taken."""
    net, ec2 = stack.network(aws), aws("ec2")
    first = stack.nat(aws, net)
    assert first["State"] == "pending"
    found = ec2.describe_nat_gateways(NatGatewayIds=[first["NatGatewayId"]])["NatGateways"][0]
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    stack.gateway(aws, net.vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    stack.nat(aws, net, AllocationId=address)
    second = stack.nat(aws, net, AllocationId=address)["NatGatewayId"]
    found = ec2.describe_nat_gateways(NatGatewayIds=[second])["NatGateways"][0]
    assert (found["State"], found["FailureCode"]) == ("failed", "Resource.AlreadyAssociated")


def test_interface_endpoint_lives_and_dies(aws: Any, emulator: Any) -> None:
    """pending, available, deleting, gone; its subnet and group wait for it."""
    net, ec2 = stack.network(aws), aws("ec2")
    emulator.admin("speed", factor=1)
    made = ec2.create_vpc_endpoint(
        VpcId=net.vpc,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.us-east-1.logs",
        SubnetIds=net.subnets,
        SecurityGroupIds=[net.group],
    )["VpcEndpoint"]["VpcEndpointId"]

    def states() -> list[str]:
        wanted = [{"Name": "vpc-endpoint-id", "Values": [made]}]
        return [item["State"] for item in ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]]

    assert states() == ["pending"]
    emulator.admin("speed", factor=0)
    assert states() == ["available"]
    emulator.admin("speed", factor=1)
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    assert states() == ["deleting"]
    refused("DependencyViolation", ec2.delete_security_group, GroupId=net.group)
    emulator.admin("speed", factor=0)
    assert states() == []
    ec2.delete_security_group(GroupId=net.group)


def test_unknown_endpoint_is_an_item_of_the_batch(aws: Any) -> None:
    """DeleteVpcEndpoints answers 200 with what it could not do."""
    failed = aws("ec2").delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])["Unsuccessful"]
    assert [item["Error"]["Code"] for item in failed] == ["InvalidVpcEndpoint.NotFound"]


def test_proxy_is_created_by_and_by(aws: Any, emulator: Any) -> None:
    """creating -> available for proxies as well."""
    net = stack.network(aws)
    role = stack.monitoring_role(aws, attach=False)
    emulator.admin("speed", factor=1)
    rds = aws("rds")
    made = rds.create_db_proxy(
        DBProxyName="proxy",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"}],
        RoleArn=role,
        VpcSubnetIds=net.subnets,
    )["DBProxy"]
    assert made["Status"] == "creating"
    assert rds.describe_db_proxies(DBProxyName="proxy")["DBProxies"][0]["Status"] == "creating"
    emulator.admin("speed", factor=0)
    assert rds.describe_db_proxies(DBProxyName="proxy")["DBProxies"][0]["Status"] == "available"
    emulator.admin("speed", factor=1)
    rds.delete_db_proxy(DBProxyName="proxy")
    assert rds.describe_db_proxies(DBProxyName="proxy")["DBProxies"][0]["Status"] == "deleting"
    emulator.admin("speed", factor=0)
    refused("DBProxyNotFoundFault", rds.describe_db_proxies, DBProxyName="proxy")


def test_apply_immediately_takes_deferred_changes_along(aws: Any) -> None:
    """A class and a version that waited for the window come with the next immediate change, whatever it is."""
    _ready(aws, "w", EngineVersion="16.8")
    rds = aws("rds")
    rds.modify_db_instance(DBInstanceIdentifier="w", DBInstanceClass="db.r7g.xlarge")
    rds.modify_db_instance(DBInstanceIdentifier="w", PromotionTier=3)
    assert stack.instance_now(aws, "w")["PendingModifiedValues"] == {"DBInstanceClass": "db.r7g.xlarge"}
    rds.modify_db_instance(DBInstanceIdentifier="w", PromotionTier=4, ApplyImmediately=True)
    assert stack.instance_now(aws, "w")["DBInstanceClass"] == "db.r7g.xlarge"
    rds.modify_db_cluster(DBClusterIdentifier="orders", EngineVersion="16.11")
    assert stack.cluster_now(aws)["PendingModifiedValues"]["EngineVersion"] == "16.11"
    rds.modify_db_cluster(DBClusterIdentifier="orders", BackupRetentionPeriod=9, ApplyImmediately=True)
    found = stack.cluster_now(aws)
    assert (found["EngineVersion"], found["PendingModifiedValues"]) == ("16.11", {})


def test_log_group_of_exports_appears_by_itself(aws: Any) -> None:
    """With log exports on and no group there, RDS makes one when a member starts; it outlives the cluster."""
    _ready(aws, "w", EnableCloudwatchLogsExports=["postgresql"])
    groups = aws("logs").describe_log_groups()["logGroups"]
    assert [item["logGroupName"] for item in groups] == ["/aws/rds/cluster/orders/postgresql"]
    assert "retentionInDays" not in groups[0]


def test_failover_to_a_member_that_is_not_ready(aws: Any, emulator: Any) -> None:
    """The target must be available."""
    _ready(aws, "w", "r")
    emulator.admin("speed", factor=1)
    aws("rds").reboot_db_instance(DBInstanceIdentifier="r")
    refused(
        "InvalidDBInstanceState",
        aws("rds").failover_db_cluster,
        DBClusterIdentifier="orders",
        TargetDBInstanceIdentifier="r",
    )


def test_the_writers_deletion_promotes_a_reader(aws: Any, emulator: Any) -> None:
    """The living member with the lowest tier takes over while the writer is being deleted."""
    _ready(aws, "w", "r2", "r1")
    aws("rds").modify_db_instance(DBInstanceIdentifier="r1", PromotionTier=0)
    emulator.admin("speed", factor=1)
    aws("rds").delete_db_instance(DBInstanceIdentifier="w")
    assert dict(_members(aws)) == {"w": False, "r1": True, "r2": False}
