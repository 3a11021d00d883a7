"""Promise 2: what AWS refuses is refused, with AWS's code."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest
import stack
from botocore.exceptions import ClientError
from stack import ENGINE, FAMILY, refused

pytestmark = pytest.mark.gap


def _refused_cluster(aws: Any, code: str, **more: Any) -> str:
    arguments = {
        "DBClusterIdentifier": "orders",
        "Engine": ENGINE,
        "EngineVersion": stack.VERSION,
        "MasterUsername": "postgres",
        "MasterUserPassword": "secret-enough",
        **more,
    }
    return refused(code, aws("rds").create_db_cluster, **arguments)


@pytest.mark.parametrize("name", ["1orders", "orders-", "or--ders", "or_ders"])
def test_cluster_names(aws: Any, name: str) -> None:
    """Letters, digits and single hyphens."""
    _refused_cluster(aws, "InvalidParameterValue", DBClusterIdentifier=name)


def test_unknown_version(aws: Any) -> None:
    """A version that cannot be created."""
    assert "Cannot find version" in _refused_cluster(aws, "InvalidParameterCombination", EngineVersion="16.99")


def test_class_that_cannot_run_the_engine(aws: Any) -> None:
    """A combination that cannot be ordered."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    call = {"DBInstanceIdentifier": "a", "DBClusterIdentifier": "orders", "Engine": ENGINE}
    create = aws("rds").create_db_instance
    refused("InvalidParameterCombination", create, DBInstanceClass="db.m5.large", **call)
    refused("InvalidParameterCombination", create, DBInstanceClass="db.serverless", **call)


def test_unknown_certificate_authority(aws: Any) -> None:
    """Members have one of the region's."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    call = {"DBInstanceIdentifier": "a", "DBClusterIdentifier": "orders", "DBInstanceClass": "db.r7g.large"}
    create, unknown = aws("rds").create_db_instance, {"CACertificateIdentifier": "rds-ca-2099"}
    refused("CertificateNotFound", create, Engine=ENGINE, **call, **unknown)
    create(Engine=ENGINE, **call)
    stack.instance_now(aws, "a")
    refused("CertificateNotFound", aws("rds").modify_db_instance, DBInstanceIdentifier="a", **unknown)


def test_group_of_another_family(aws: Any) -> None:
    """A parameter group must fit the engine."""
    aws("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="old", DBParameterGroupFamily="aurora-postgresql15", Description="d"
    )
    _refused_cluster(aws, "InvalidParameterCombination", DBClusterParameterGroupName="old")
    _refused_cluster(aws, "DBClusterParameterGroupNotFound", DBClusterParameterGroupName="nobody")


def test_network_must_exist(aws: Any) -> None:
    """Subnet group and security groups."""
    _refused_cluster(aws, "DBSubnetGroupNotFoundFault", DBSubnetGroupName="nobody")
    _refused_cluster(aws, "InvalidParameterValue", VpcSecurityGroupIds=["sg-0123456789abcdef0"])


@pytest.mark.parametrize(
    "more",
    [
        {"PreferredBackupWindow": "03:00"},
        {"PreferredMaintenanceWindow": "sun:03:10-sun:03:50", "PreferredBackupWindow": "03:00-04:00"},
        {"BackupRetentionPeriod": 36},
        {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.3, "MaxCapacity": 4}},
    ],
)
def test_values_of_a_cluster(aws: Any, more: dict[str, Any]) -> None:
    """Windows, retention and capacity."""
    _refused_cluster(aws, "InvalidParameterValue", **more)


def test_advanced_insights_need_retention(aws: Any) -> None:
    """Database Insights in advanced mode."""
    _refused_cluster(aws, "InvalidParameterCombination", DatabaseInsightsMode="advanced")


def test_the_key_of_insights_is_fixed(aws: Any) -> None:
    """A call about insights that names no key asks for AWS's own one."""
    key, other = (aws("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    insights = {"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 465}
    stack.whole_cluster(aws, PerformanceInsightsKMSKeyId=key, **insights)
    stack.cluster_now(aws)
    modify, advanced = aws("rds").modify_db_cluster, {"DBClusterIdentifier": "orders", "DatabaseInsightsMode": "advanced"}
    for wrong in ({}, {"PerformanceInsightsKMSKeyId": other}):
        told = refused("InvalidParameterCombination", modify, **advanced, **insights, **wrong)
        assert told == "You can't change your Performance Insights KMS key."
    modify(**advanced, **insights, PerformanceInsightsKMSKeyId=key)


def test_key_that_waits_for_deletion(aws: Any) -> None:
    """A KMS key in PendingDeletion encrypts nothing new and takes no alias."""
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    _refused_cluster(aws, "KMSKeyNotAccessibleFault", StorageEncrypted=True, KmsKeyId=key["Arn"])
    refused("KMSInvalidStateException", kms.create_alias, AliasName="alias/late", TargetKeyId=key["KeyId"])


def test_subnet_group_over_one_zone(aws: Any) -> None:
    """At least two zones."""
    net = stack.network(aws)
    refused(
        "DBSubnetGroupDoesNotCoverEnoughAZs",
        aws("rds").create_db_subnet_group,
        DBSubnetGroupName="group",
        DBSubnetGroupDescription="d",
        SubnetIds=net.subnets[:1],
    )


def test_deletion_protection_and_members(aws: Any) -> None:
    """Protection first, then the members, then a word about the final snapshot."""
    stack.whole_cluster(aws, DeletionProtection=True)
    stack.cluster_now(aws)
    stack.instance(aws)
    rds = aws("rds")
    call = {"DBClusterIdentifier": "orders"}
    message = refused("InvalidParameterCombination", rds.delete_db_cluster, SkipFinalSnapshot=True, **call)
    assert "disable deletion protection" in message
    rds.modify_db_cluster(DeletionProtection=False, **call)
    refused("InvalidDBClusterStateFault", rds.delete_db_cluster, SkipFinalSnapshot=True, **call)
    rds.delete_db_instance(DBInstanceIdentifier="orders-a")
    refused("InvalidParameterCombination", rds.delete_db_cluster, **call)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="last", **call)
    refused("DBClusterSnapshotAlreadyExistsFault", rds.delete_db_cluster, FinalDBSnapshotIdentifier="last", **call)
    rds.delete_db_cluster(FinalDBSnapshotIdentifier="very-last", **call)
    found = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    assert sorted(item["DBClusterSnapshotIdentifier"] for item in found) == ["last", "very-last"]


def _group(aws: Any) -> Any:
    aws("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily=FAMILY, Description="d"
    )

    def modify(*parameters: dict[str, str]) -> None:
        aws("rds").modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=list(parameters))

    return modify


def _value(name: str, value: str, method: str = "pending-reboot") -> dict[str, str]:
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("InvalidParameterValue", _value("no_such_parameter", "1")),
        ("InvalidParameterValue", _value("work_mem", "7")),
        ("InvalidParameterValue", _value("log_statement", "some")),
        ("InvalidParameterValue", _value("server_version", "16")),
        ("InvalidParameterCombination", _value("max_connections", "500", "immediate")),
    ],
)
def test_parameters_of_the_family(aws: Any, code: str, parameter: dict[str, str]) -> None:
    """Names, ranges, choices, what cannot be modified, and static ones at once."""
    modify = _group(aws)
    refused(code, lambda: modify(parameter))


def test_twenty_parameters_per_call(aws: Any) -> None:
    """The twenty-first is one too many."""
    modify = _group(aws)
    found = aws("rds").describe_engine_default_cluster_parameters(DBParameterGroupFamily=FAMILY)
    booleans = [
        _value(item["ParameterName"], "1")
        for item in found["EngineDefaults"]["Parameters"]
        if item["IsModifiable"] and item["DataType"] == "boolean"
    ]
    assert len(booleans) > 20
    refused("InvalidParameterValue", lambda: modify(*booleans[:21]))
    modify(*booleans[:20])


def test_monitoring_role(aws: Any) -> None:
    """Enhanced monitoring needs a role with the permission."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    role = stack.monitoring_role(aws, attach=False)
    call = {
        "DBInstanceIdentifier": "a",
        "DBClusterIdentifier": "orders",
        "DBInstanceClass": "db.r7g.large",
        "Engine": ENGINE,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": role,
    }
    assert "ENHANCED_MONITORING" in refused("InvalidParameterValue", aws("rds").create_db_instance, **call)
    aws("iam").attach_role_policy(RoleName="monitoring", PolicyArn=stack.MONITORING_POLICY)
    made = aws("rds").create_db_instance(**call)["DBInstance"]
    assert made["EnhancedMonitoringResourceArn"].endswith(made["DbiResourceId"])


def test_zone_outside_the_subnet_group(aws: Any) -> None:
    """A member lives where the subnet group has a subnet."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    refused(
        "InvalidParameterValue",
        aws("rds").create_db_instance,
        DBInstanceIdentifier="a",
        DBClusterIdentifier="orders",
        DBInstanceClass="db.r7g.large",
        Engine=ENGINE,
        AvailabilityZone="us-east-1f",
    )


def test_cluster_level_members_on_an_instance(aws: Any) -> None:
    """What belongs to the cluster is refused on its members."""
    stack.whole_cluster(aws)
    stack.cluster_now(aws)
    stack.instance(aws)
    refused(
        "InvalidParameterCombination",
        aws("rds").modify_db_instance,
        DBInstanceIdentifier="orders-a",
        BackupRetentionPeriod=3,
    )


def test_tokens_with_other_parameters(aws: Any) -> None:
    """IdempotentParameterMismatch for a route table."""
    net, ec2 = stack.network(aws), aws("ec2")
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_route_table(VpcId=net.vpc, ClientToken="once")
    refused("IdempotentParameterMismatch", ec2.create_route_table, VpcId=other, ClientToken="once")


def test_routes_and_associations(aws: Any) -> None:
    """One route per destination, one table per subnet."""
    net, ec2 = stack.network(aws), aws("ec2")
    internet = stack.gateway(aws, net.vpc)
    tables = [ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    route = {"RouteTableId": tables[0], "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": internet}
    ec2.create_route(**route)
    refused("RouteAlreadyExists", ec2.create_route, **route)
    ec2.associate_route_table(RouteTableId=tables[0], SubnetId=net.subnets[0])
    refused("Resource.AlreadyAssociated", ec2.associate_route_table, RouteTableId=tables[1], SubnetId=net.subnets[0])


def test_route_to_a_deleted_nat_gateway(aws: Any) -> None:
    """The route stays, as a black hole."""
    net, ec2 = stack.network(aws), aws("ec2")
    stack.gateway(aws, net.vpc)
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    name = stack.nat(aws, net)["NatGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=name)
    ec2.delete_nat_gateway(NatGatewayId=name)
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [item["State"] for item in routes if item.get("NatGatewayId") == name] == ["blackhole"]


def test_vpc_with_dependants(aws: Any) -> None:
    """A gateway, a group: the VPC stays."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    internet = stack.gateway(aws, vpc)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    refused("InvalidGroup.Duplicate", ec2.create_security_group, GroupName="G", Description="g", VpcId=vpc)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def test_security_groups_that_refer_to_each_other(aws: Any) -> None:
    """The one that is referred to stays."""
    net, ec2 = stack.network(aws), aws("ec2")
    app = ec2.create_security_group(GroupName="app", Description="app", VpcId=net.vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": app}]}
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[rule])
    refused("DependencyViolation", ec2.delete_security_group, GroupId=app)
    ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=app)


def test_private_dns_needs_the_attributes(aws: Any) -> None:
    """An interface endpoint with private DNS in a VPC without host names; and a second one of a service."""
    net, ec2 = stack.network(aws), aws("ec2")
    call = {
        "VpcId": net.vpc,
        "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-east-1.logs",
        "SubnetIds": net.subnets,
    }
    ec2.create_vpc_endpoint(**call)
    refused("InvalidParameter", ec2.create_vpc_endpoint, **call)
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    refused("InvalidParameter", ec2.create_vpc_endpoint, **{**call, "ServiceName": "com.amazonaws.us-east-1.kms"})


def test_scalable_target_of_a_missing_cluster(aws: Any) -> None:
    """No cluster, no target; no target, no policy."""
    scaling = aws("application-autoscaling")
    call = {
        "ServiceNamespace": "rds",
        "ResourceId": "cluster:nobody",
        "ScalableDimension": "rds:cluster:ReadReplicaCount",
    }
    refused("ValidationException", scaling.register_scalable_target, MinCapacity=1, MaxCapacity=2, **call)
    refused("ObjectNotFoundException", scaling.deregister_scalable_target, **call)


def test_alarm_tags_count_only_for_a_new_alarm(aws: Any) -> None:
    """A second PutMetricAlarm does not change the tags."""
    watch = aws("cloudwatch")
    call = {
        "AlarmName": "cpu",
        "Namespace": "AWS/RDS",
        "MetricName": "CPUUtilization",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 80.0,
        "EvaluationPeriods": 5,
        "Period": 60,
        "Statistic": "Average",
    }
    watch.put_metric_alarm(**call)
    watch.put_metric_alarm(Tags=stack.TAGS, **call)
    arn = watch.describe_alarms(AlarmNames=["cpu"])["MetricAlarms"][0]["AlarmArn"]
    assert watch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_key_of_a_log_group(aws: Any) -> None:
    """It can be given to a group that exists, taken back, and must be there."""
    logs, key = aws("logs"), aws("kms").create_key()["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName="/orders/a")
    missing = key.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    refused("InvalidParameterException", logs.associate_kms_key, logGroupName="/orders/a", kmsKeyId=missing)
    refused("ResourceNotFoundException", logs.associate_kms_key, logGroupName="/orders/b", kmsKeyId=key)
    logs.associate_kms_key(logGroupName="/orders/a", kmsKeyId=key)
    groups = logs.describe_log_groups(logGroupNamePrefix="/orders/a")["logGroups"]
    assert [group.get("kmsKeyId") for group in groups] == [key]
    logs.disassociate_kms_key(logGroupName="/orders/a")
    groups = logs.describe_log_groups(logGroupNamePrefix="/orders/a")["logGroups"]
    assert [group.get("kmsKeyId") for group in groups] == [None]


def test_tags_of_a_log_group_go_with_it(aws: Any) -> None:
    """The next one of its name has none."""
    logs = aws("logs")
    logs.create_log_group(logGroupName="/orders/a", tags={"owner": "tests"})
    logs.delete_log_group(logGroupName="/orders/a")
    logs.create_log_group(logGroupName="/orders/a")
    arn = logs.describe_log_groups(logGroupNamePrefix="/orders/a")["logGroups"][0]["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def _flow_log(aws: Any, network: Any, role: str, **more: Any) -> Any:
    return aws("ec2").create_flow_logs(
        ResourceIds=[network.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flow-logs",
        DeliverLogsPermissionArn=role,
        **more,
    )


def _role(aws: Any, service: str) -> str:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}}
    name = service.split(".")[0]
    return aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]


def test_flow_logs_need_a_role_of_theirs(aws: Any) -> None:
    """The service must be able to assume it."""
    network = stack.network(aws)
    for role in ("arn:aws:iam::123456789012:role/nobody", _role(aws, "ec2.amazonaws.com")):
        with pytest.raises(ClientError) as caught:
            _flow_log(aws, network, role)
        error = caught.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("InvalidParameter", "Unable to assume given IAM role")


def test_flow_logs_without_permission_deliver_nothing(aws: Any) -> None:
    """They are made all the same, and say so."""
    network, role = stack.network(aws), _role(aws, "vpc-flow-logs.amazonaws.com")
    aws("logs").create_log_group(logGroupName="flow-logs")
    _flow_log(aws, network, role)
    log = aws("ec2").describe_flow_logs()["FlowLogs"][0]
    assert (log["DeliverLogsStatus"], log["DeliverLogsErrorMessage"]) == ("FAILED", "Access error")


def test_a_repeated_flow_log_is_the_first(aws: Any) -> None:
    """By its token; with other parameters it is refused."""
    network, role = stack.network(aws), _role(aws, "vpc-flow-logs.amazonaws.com")
    first = _flow_log(aws, network, role, ClientToken="t")
    assert _flow_log(aws, network, role, ClientToken="t")["FlowLogIds"] == first["FlowLogIds"]
    with pytest.raises(ClientError) as caught:
        _flow_log(aws, network, role, ClientToken="t", MaxAggregationInterval=60)
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatch"


def _plan(aws: Any, vault: str = "vault", **more: Any) -> Any:
    rule = {"RuleName": "daily", "TargetBackupVaultName": vault}
    return aws("backup").create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]}, **more)


def test_backup_plans(aws: Any) -> None:
    """A vault that exists, a token that repeats, an edit, and no deletion before that of the selections."""
    backup = aws("backup")
    with pytest.raises(ClientError) as caught:
        _plan(aws)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    backup.create_backup_vault(BackupVaultName="vault")
    plan = _plan(aws, CreatorRequestId="t")["BackupPlanId"]
    assert _plan(aws, CreatorRequestId="t")["BackupPlanId"] == plan
    rule = {"RuleName": "daily", "TargetBackupVaultName": "vault", "Lifecycle": {"DeleteAfterDays": 5}}
    backup.update_backup_plan(BackupPlanId=plan, BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})
    found = backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"][0]
    assert found["Lifecycle"] == {"DeleteAfterDays": 5}
    selection = {"SelectionName": "db", "IamRoleArn": _role(aws, "backup.amazonaws.com"), "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    refused("InvalidRequestException", backup.delete_backup_plan, BackupPlanId=plan)
    role = _role(aws, "ec2.amazonaws.com")
    more = {"BackupPlanId": plan, "BackupSelection": {**selection, "SelectionName": "other", "IamRoleArn": role}}
    assert "cannot be assumed" in refused("InvalidParameterValueException", backup.create_backup_selection, **more)


def test_tags_of_a_vault_are_listed_with_and_without_a_slash(aws: Any, emulator: Any) -> None:
    """Some SDKs end the path of ListTags with a slash, others do not: the answer is the same."""
    backup = aws("backup")
    arn = backup.create_backup_vault(BackupVaultName="vault", BackupVaultTags={"team": "sales"})["BackupVaultArn"]
    scope = "test/20260101/us-east-1/backup/aws4_request"
    signed = {
        "Host": "backup.us-east-1.amazonaws.com",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x",
    }
    for path in (f"/tags/{quote(arn, safe='')}", f"/tags/{quote(arn, safe='')}/", f"/tags/{arn}"):
        with urllib.request.urlopen(urllib.request.Request(emulator.url + path, headers=signed)) as answer:
            assert json.load(answer)["Tags"] == {"team": "sales"}, path


def test_vaults_that_are_not_empty_stay(aws: Any) -> None:
    """And one that is not there is answered as one that may not be seen."""
    backup = aws("backup")
    refused("AccessDeniedException", backup.describe_backup_vault, BackupVaultName="vault")
    backup.create_backup_vault(BackupVaultName="vault")
    arn = "arn:aws:rds:us-east-1:123456789012:cluster:orders"
    backup.start_backup_job(BackupVaultName="vault", ResourceArn=arn, IamRoleArn="arn:aws:iam::123456789012:role/r")
    refused("InvalidRequestException", backup.delete_backup_vault, BackupVaultName="vault")


def test_backup_opt_in(aws: Any) -> None:
    """Services are opted in to by region."""
    backup = aws("backup")
    backup.update_region_settings(ResourceTypeOptInPreference={"Aurora": False})
    assert backup.describe_region_settings()["ResourceTypeOptInPreference"]["Aurora"] is False


def test_a_dimension_needs_its_resource(aws: Any) -> None:
    """Both Describe calls of Application Auto Scaling; names alone will do."""
    scaling = aws("application-autoscaling")
    where = {"ServiceNamespace": "rds", "ScalableDimension": "rds:cluster:ReadReplicaCount"}
    refused("ValidationException", scaling.describe_scaling_policies, PolicyNames=["readers"], **where)
    refused("ValidationException", scaling.describe_scalable_targets, **where)
    assert scaling.describe_scaling_policies(ServiceNamespace="rds", PolicyNames=["readers"])["ScalingPolicies"] == []


def test_mail_addresses_are_one_whatever_their_case(aws: Any) -> None:
    """A second subscription of one address is the first."""
    sns = aws("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    for endpoint in ("Ops@example.com", "ops@example.com"):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=endpoint)
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [item["Endpoint"] for item in found] == ["ops@example.com"]
