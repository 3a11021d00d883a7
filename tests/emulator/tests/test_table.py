"""What moto 5.2.5 lacks, call by call: each of these fails on plain moto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stack
from stack import ENGINE, FAMILY, TAGS, refused

pytestmark = pytest.mark.gap


def test_cluster_with_io_optimized_storage(aws: Any) -> None:
    """CreateDBCluster with aurora-iopt1."""
    stack.cluster(aws, StorageType="aurora-iopt1")
    assert stack.cluster_now(aws)["StorageType"] == "aurora-iopt1"


def test_standard_storage_is_not_reported(aws: Any) -> None:
    """AWS returns the storage type only when it is aurora-iopt1."""
    stack.cluster(aws)
    assert "StorageType" not in stack.cluster_now(aws)


def test_engine_versions(aws: Any) -> None:
    """DescribeDBEngineVersions with upgrade targets."""
    found = aws("rds").describe_db_engine_versions(Engine=ENGINE, EngineVersion="16.11")["DBEngineVersions"]
    assert [item["DBParameterGroupFamily"] for item in found] == [FAMILY]
    assert "17.7" in [item["EngineVersion"] for item in found[0]["ValidUpgradeTarget"]]


def test_engine_defaults(aws: Any) -> None:
    """DescribeEngineDefaultClusterParameters, in pages."""
    first = aws("rds").describe_engine_default_cluster_parameters(DBParameterGroupFamily=FAMILY)["EngineDefaults"]
    assert len(first["Parameters"]) == 100
    assert first["Marker"]
    pages = (
        aws("rds").get_paginator("describe_engine_default_cluster_parameters").paginate(DBParameterGroupFamily=FAMILY)
    )
    names = [item["ParameterName"] for page in pages for item in page["EngineDefaults"]["Parameters"]]
    assert "rds.force_ssl" in names
    assert len(names) == len(set(names))


def _engine_defaults(aws: Any, level: str) -> dict[str, Any]:
    pages = aws("rds").get_paginator(f"describe_engine_default_{level}").paginate(DBParameterGroupFamily=FAMILY)
    return {item["ParameterName"]: item for page in pages for item in page["EngineDefaults"]["Parameters"]}


def test_engine_defaults_of_each_level(aws: Any) -> None:
    """DescribeEngineDefaultParameters lists what instance groups have, and no family has more."""
    cluster, instance = _engine_defaults(aws, "cluster_parameters"), _engine_defaults(aws, "parameters")
    assert ("rds.force_ssl" in cluster, "rds.force_ssl" in instance) == (True, False)
    assert ("work_mem" in cluster, "work_mem" in instance) == (True, True)
    for call in ("describe_engine_default_cluster_parameters", "describe_engine_default_parameters"):
        refused("InvalidParameterValue", getattr(aws("rds"), call), DBParameterGroupFamily="aurora-postgresql99")


def test_parameters_that_the_product_does_not_know(aws: Any) -> None:
    """The product asks AWS about these, so AWS has to have some."""
    table = Path(__file__).resolve().parents[3] / "crates/params/data/parameters.tsv"
    known = {line.split("\t")[0] for line in table.read_text("utf-8").splitlines()}
    for level in ("cluster_parameters", "parameters"):
        listed = _engine_defaults(aws, level)
        assert {"apg_enable_subquery_cache", "apg_subquery_cache_check_interval"} <= listed.keys() - known
        found = listed["apg_subquery_cache_check_interval"]
        assert (found["DataType"], found["AllowedValues"], found["ApplyType"], found["IsModifiable"]) == (
            "integer",
            "0-2147483647",
            "dynamic",
            True,
        )


def test_certificate_authorities(aws: Any) -> None:
    """DescribeCertificates lists those of the region."""
    rds = aws("rds")
    answer = rds.describe_certificates()
    found = {item["CertificateIdentifier"]: item for item in answer["Certificates"]}
    assert sorted(found) == ["rds-ca-ecc384-g1", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1"]
    assert answer["DefaultCertificateForNewLaunches"] in found
    assert {item["CertificateType"] for item in found.values()} == {"CA"}
    (one,) = rds.describe_certificates(CertificateIdentifier="RDS-CA-ECC384-G1")["Certificates"]
    assert one == found["rds-ca-ecc384-g1"]
    refused("CertificateNotFound", rds.describe_certificates, CertificateIdentifier="rds-ca-2099")


def _cluster_group(aws: Any, *parameters: dict[str, str]) -> str:
    rds = aws("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily=FAMILY, Description="d"
    )
    if parameters:
        rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=list(parameters))
    return "own"


FORCE_SSL = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}


def test_reset_cluster_parameter_group(aws: Any) -> None:
    """ResetDBClusterParameterGroup brings the default back."""
    group = _cluster_group(aws, FORCE_SSL)
    aws("rds").reset_db_cluster_parameter_group(
        DBClusterParameterGroupName=group,
        Parameters=[{"ParameterName": "rds.force_ssl", "ApplyMethod": "immediate"}],
    )
    assert (
        aws("rds").describe_db_cluster_parameters(DBClusterParameterGroupName=group, Source="user")["Parameters"] == []
    )


def test_cluster_parameters_with_defaults(aws: Any) -> None:
    """DescribeDBClusterParameters gives the engine's values too; Source=user only what was set."""
    group = _cluster_group(aws, FORCE_SSL)
    rds = aws("rds")
    own = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group, Source="user")["Parameters"]
    assert [(item["ParameterName"], item["ParameterValue"]) for item in own] == [("rds.force_ssl", "1")]
    everything = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group)["Parameters"]
    assert len(everything) == 100


def test_custom_endpoint(aws: Any) -> None:
    """CreateDBClusterEndpoint and its family."""
    rds = aws("rds")
    stack.cluster(aws)
    stack.cluster_now(aws)
    made = rds.create_db_cluster_endpoint(
        DBClusterIdentifier="orders", DBClusterEndpointIdentifier="reports", EndpointType="READER", Tags=TAGS
    )
    assert made["Status"] == "creating"
    found = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier="reports")["DBClusterEndpoints"][0]
    assert (found["Status"], found["CustomEndpointType"]) == ("available", "READER")
    assert rds.list_tags_for_resource(ResourceName=found["DBClusterEndpointArn"])["TagList"] == TAGS
    rds.modify_db_cluster_endpoint(DBClusterEndpointIdentifier="reports", EndpointType="ANY")
    rds.describe_db_cluster_endpoints()
    rds.delete_db_cluster_endpoint(DBClusterEndpointIdentifier="reports")
    refused(
        "DBClusterEndpointNotFoundFault",
        rds.describe_db_cluster_endpoints,
        DBClusterEndpointIdentifier="reports",
    )


def test_pending_maintenance(aws: Any) -> None:
    """DescribePendingMaintenanceActions offers the newer minor versions."""
    made = stack.cluster(aws, EngineVersion="16.8")
    found = aws("rds").describe_pending_maintenance_actions()["PendingMaintenanceActions"]
    assert [item["ResourceIdentifier"] for item in found] == [made["DBClusterArn"]]


def test_cluster_automated_backups(aws: Any) -> None:
    """DescribeDBClusterAutomatedBackups."""
    made = stack.cluster(aws)
    found = aws("rds").describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"]
    assert [item["DbClusterResourceId"] for item in found] == [made["DbClusterResourceId"]]


def _global_cluster(aws: Any) -> tuple[str, str]:
    first, second = stack.cluster(aws), stack.cluster(aws, "second")
    rds = aws("rds")
    rds.create_global_cluster(GlobalClusterIdentifier="world", SourceDBClusterIdentifier=first["DBClusterArn"])
    rds.delete_db_cluster(DBClusterIdentifier="second", SkipFinalSnapshot=True)
    rds.describe_db_clusters()
    rds.create_db_cluster(
        DBClusterIdentifier="second", Engine=ENGINE, EngineVersion="16.11", GlobalClusterIdentifier="world"
    )
    rds.describe_db_clusters()
    return first["DBClusterArn"], second["DBClusterArn"]


@pytest.mark.parametrize("call", ["switchover_global_cluster", "failover_global_cluster"])
def test_global_switchover_and_failover(aws: Any, call: str) -> None:
    """The primary moves to the target."""
    _, target = _global_cluster(aws)
    more = {"AllowDataLoss": True} if call.startswith("failover") else {}
    getattr(aws("rds"), call)(GlobalClusterIdentifier="world", TargetDbClusterIdentifier=target, **more)
    members = aws("rds").describe_global_clusters()["GlobalClusters"][0]["GlobalClusterMembers"]
    assert [item["DBClusterArn"] for item in members if item["IsWriter"]] == [target]


def test_duplicate_subnet_group_and_cluster(aws: Any) -> None:
    """A name that is taken is refused."""
    net = stack.network(aws)
    stack.subnet_group(aws, net)
    refused(
        "DBSubnetGroupAlreadyExists",
        aws("rds").create_db_subnet_group,
        DBSubnetGroupName="Group",
        DBSubnetGroupDescription="d",
        SubnetIds=net.subnets,
    )
    stack.cluster(aws)
    refused(
        "DBClusterAlreadyExistsFault",
        aws("rds").create_db_cluster,
        DBClusterIdentifier="ORDERS",
        Engine=ENGINE,
        MasterUsername="postgres",
        MasterUserPassword="secret-enough",
    )


def test_groups_in_use(aws: Any) -> None:
    """Subnet and parameter groups that a cluster uses stay."""
    group = _cluster_group(aws)
    stack.whole_cluster(aws, DBClusterParameterGroupName=group)
    rds = aws("rds")
    refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, DBSubnetGroupName="group")
    refused(
        "InvalidDBParameterGroupState",
        rds.delete_db_cluster_parameter_group,
        DBClusterParameterGroupName=group,
    )


def test_instance_parameter_group_in_use(aws: Any) -> None:
    """The same for the group of an instance."""
    rds = aws("rds")
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily=FAMILY, Description="d")
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    stack.instance(aws, DBParameterGroupName="own")
    refused("InvalidDBParameterGroupState", rds.delete_db_parameter_group, DBParameterGroupName="own")


def test_security_group_in_use(aws: Any) -> None:
    """A security group of a cluster stays."""
    net = stack.whole_cluster(aws)
    refused("DependencyViolation", aws("ec2").delete_security_group, GroupId=net.group)


def test_nat_gateway_token(aws: Any) -> None:
    """A repeat returns the same gateway, a changed request is refused."""
    net, ec2 = stack.network(aws), aws("ec2")
    stack.gateway(aws, net.vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    request = {"SubnetId": net.subnets[0], "AllocationId": address, "ClientToken": "once"}
    first = ec2.create_nat_gateway(**request)["NatGateway"]["NatGatewayId"]
    assert ec2.create_nat_gateway(**request)["NatGateway"]["NatGatewayId"] == first
    assert len(ec2.describe_nat_gateways()["NatGateways"]) == 1
    refused("IdempotentParameterMismatch", ec2.create_nat_gateway, **{**request, "SubnetId": net.subnets[1]})


def test_vpc_endpoint_token(aws: Any) -> None:
    """The same for an endpoint."""
    net, ec2 = stack.network(aws), aws("ec2")
    request = {"VpcId": net.vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "ClientToken": "once"}
    first = ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"]
    assert ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"] == first
    assert len(ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_route_table_token(aws: Any) -> None:
    """And for a route table."""
    net, ec2 = stack.network(aws), aws("ec2")
    first = ec2.create_route_table(VpcId=net.vpc, ClientToken="once")["RouteTable"]["RouteTableId"]
    assert ec2.create_route_table(VpcId=net.vpc, ClientToken="once")["RouteTable"]["RouteTableId"] == first


def test_statuses_are_not_available_at_once(aws: Any, emulator: Any) -> None:
    """Creation takes time."""
    if not emulator.plain:
        emulator.admin("speed", factor=1)
    net = stack.whole_cluster(aws)
    stack.gateway(aws, net.vpc)
    stack.nat(aws, net)
    assert stack.cluster_now(aws)["Status"] == "creating"
    assert stack.cluster_now(aws)["Status"] == "creating"
    assert aws("ec2").describe_nat_gateways()["NatGateways"][0]["State"] == "pending"


def test_managed_policy_of_enhanced_monitoring(aws: Any) -> None:
    """AWS's own policies exist."""
    stack.monitoring_role(aws)
    attached = aws("iam").list_attached_role_policies(RoleName="monitoring")["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [stack.MONITORING_POLICY]


ALARM = {
    "Namespace": "AWS/RDS",
    "MetricName": "CPUUtilization",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 80.0,
    "EvaluationPeriods": 5,
    "Period": 60,
    "Statistic": "Average",
}


def test_composite_alarm(aws: Any) -> None:
    """PutCompositeAlarm; DescribeAlarms shows it when asked for its type."""
    watch = aws("cloudwatch")
    watch.put_metric_alarm(AlarmName="cpu", **ALARM)
    watch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(cpu)", Tags=TAGS)
    assert watch.describe_alarms(AlarmNames=["all"])["CompositeAlarms"] == []
    found = watch.describe_alarms(AlarmNames=["all"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [item["AlarmRule"] for item in found] == ["ALARM(cpu)"]


def test_backup_selection(aws: Any) -> None:
    """CreateBackupSelection and its family."""
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="vault")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "vault"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})["BackupPlanId"]
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}}}
    role = aws("iam").create_role(RoleName="backup", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    selection = {"SelectionName": "db", "IamRoleArn": role, "Resources": ["*"]}
    made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)["SelectionId"]
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=made)
    assert found["BackupSelection"]["SelectionName"] == "db"
    listed = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert [item["SelectionId"] for item in listed] == [made]
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=made)
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == []


def test_cloudtrail_lookup(aws: Any) -> None:
    """LookupEvents shows who changed what."""
    aws("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateVpc"}
    found = aws("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    assert [item["EventName"] for item in found] == ["CreateVpc"]


def test_service_quotas(aws: Any) -> None:
    """ListServiceQuotas of RDS and VPC."""
    found = aws("service-quotas").list_service_quotas(ServiceCode="rds")["Quotas"]
    assert {item["QuotaCode"]: item["Value"] for item in found}["L-952B80B8"] == 40.0


def test_performance_insights_metrics(aws: Any) -> None:
    """GetResourceMetrics answers for an instance that exists."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    made = stack.instance(aws, EnablePerformanceInsights=True)
    answer = aws("pi").get_resource_metrics(
        ServiceType="RDS",
        Identifier=made["DbiResourceId"],
        MetricQueries=[{"Metric": "db.load.avg"}],
        StartTime=0,
        EndTime=3600,
        PeriodInSeconds=60,
    )
    assert answer["MetricList"][0]["Key"]["Metric"] == "db.load.avg"


def test_pricing(aws: Any) -> None:
    """GetProducts knows the price of an Aurora class."""
    filters = [{"Type": "TERM_MATCH", "Field": "instanceType", "Value": "db.r7g.large"}]
    found = aws("pricing").get_products(ServiceCode="AmazonRDS", Filters=filters)["PriceList"]
    assert "db.r7g.large" in found[0]


def test_performance_insights_are_echoed(aws: Any) -> None:
    """CreateDBInstance with Performance Insights."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    stack.instance(aws, EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=31)
    found = stack.instance_now(aws)
    assert (found["PerformanceInsightsEnabled"], found["PerformanceInsightsRetentionPeriod"]) == (True, 31)


def test_tagging_index_covers_groups_and_endpoints(aws: Any) -> None:
    """GetResources finds what moto leaves out."""
    net = stack.network(aws)
    rds = aws("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="group", DBSubnetGroupDescription="d", SubnetIds=net.subnets, Tags=TAGS
    )
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily=FAMILY, Description="d", Tags=TAGS)
    aws("ec2").allocate_address(Domain="vpc", TagSpecifications=stack.tag_spec("elastic-ip"))
    wanted = [{"Key": "owner", "Values": ["tests"]}]
    found = aws("resourcegroupstaggingapi").get_resources(TagFilters=wanted)["ResourceTagMappingList"]
    kinds = sorted(item["ResourceARN"].split(":", 5)[5].split("/")[0] for item in found)
    assert kinds == ["elastic-ip", "pg:own", "subgrp:group"]


def test_tags_of_scalable_targets(aws: Any) -> None:
    """ListTagsForResource of Application Auto Scaling."""
    stack.cluster(aws)
    scaling = aws("application-autoscaling")
    arn = scaling.register_scalable_target(
        ServiceNamespace="rds",
        ResourceId="cluster:orders",
        ScalableDimension="rds:cluster:ReadReplicaCount",
        MinCapacity=1,
        MaxCapacity=3,
        Tags={"owner": "tests"},
    )["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "tests"}


def test_instance_parameters_show_what_was_set(aws: Any) -> None:
    """DescribeDBParameters with Source=user."""
    rds = aws("rds")
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily=FAMILY, Description="d")
    value = {"ParameterName": "log_lock_waits", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[value])
    found = rds.describe_db_parameters(DBParameterGroupName="own", Source="user")["Parameters"]
    assert [(item["ParameterName"], item.get("ApplyType")) for item in found] == [("log_lock_waits", "dynamic")]


def test_no_serverless_v1_scaling(aws: Any) -> None:
    """A provisioned cluster has no ScalingConfigurationInfo."""
    stack.cluster(aws)
    assert "ScalingConfigurationInfo" not in stack.cluster_now(aws)


def test_missing_parameter_group(aws: Any) -> None:
    """DescribeDBParameterGroups of a name that nobody has."""
    refused("DBParameterGroupNotFound", aws("rds").describe_db_parameter_groups, DBParameterGroupName="nobody")


def test_cluster_instance_has_its_subnet_group(aws: Any) -> None:
    """DBSubnetGroup of a member."""
    net = stack.whole_cluster(aws)
    stack.cluster_now(aws)
    stack.instance(aws)
    found = stack.instance_now(aws)["DBSubnetGroup"]
    assert (found["DBSubnetGroupName"], found["VpcId"]) == ("group", net.vpc)


def test_rules_of_an_authorize_call(aws: Any) -> None:
    """Descriptions of group pairs are kept, and two permissions give two rules back."""
    net, ec2 = stack.network(aws), aws("ec2")
    app = ec2.create_security_group(GroupName="app", Description="app", VpcId=net.vpc)["GroupId"]
    port = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    rules = ec2.authorize_security_group_ingress(
        GroupId=net.group,
        IpPermissions=[
            {**port, "UserIdGroupPairs": [{"GroupId": app, "Description": "from the application"}]},
            {**port, "IpRanges": [{"CidrIp": "10.1.2.3/16"}]},
        ],
        TagSpecifications=stack.tag_spec("security-group-rule"),
    )["SecurityGroupRules"]
    assert [item.get("Description") for item in rules] == ["from the application", None]
    assert rules[1]["CidrIpv4"] == "10.1.0.0/16"
    assert [item["Tags"] for item in rules] == [TAGS, TAGS]


def test_resource_type_of_nat_gateways(aws: Any) -> None:
    """The tag filter's resource type is natgateway."""
    net = stack.network(aws)
    stack.gateway(aws, net.vpc)
    made = stack.nat(aws, net, TagSpecifications=stack.tag_spec("natgateway"))
    wanted = [{"Name": "resource-type", "Values": ["natgateway"]}]
    found = aws("ec2").describe_tags(Filters=wanted)["Tags"]
    assert [(item["ResourceId"], item["ResourceType"]) for item in found] == [(made["NatGatewayId"], "natgateway")]
