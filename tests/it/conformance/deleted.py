"""Somebody deletes one of every kind that can go while the rest stands."""

# none: vpc: AWS keeps it while anything is in it
# none: subnet: AWS keeps it while anything is in it
# none: internet_gateway: AWS keeps it while addresses are in use behind it
# none: internet_gateway_attachment: AWS keeps it while addresses are in use behind it
# none: elastic_ip: AWS keeps it while a NAT gateway has it
# none: security_group: AWS keeps it while a cluster has it
# none: route_table: AWS keeps it while it is associated
# none: db_subnet_group: AWS keeps it while a cluster uses it
# none: kms_key: it goes days later, and can be brought back
# none: iam_role: AWS keeps it while a policy is attached
# none: db_cluster_parameter_group: AWS keeps it while a cluster uses it
# none: db_parameter_group: AWS keeps it while an instance uses it
# none: db_cluster: it holds data; see vanished.py
# none: log_group: it holds data; see vanished.py
# none: default_security_group: it goes with its VPC
# none: backup_vault: it holds data

# case: nat_gateway.a
nats = ec2.describe_nat_gateways()["NatGateways"]
nat = next(n for n in nats if any(t["Key"] == "auroractl:address" and t["Value"] == "nat_gateway.a" for t in n["Tags"]))
ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])

# case: route.public-default
# case: route_table_association.public-a
tables = ec2.describe_route_tables()["RouteTables"]
tagged = lambda item, address: any(t["Value"] == address for t in item.get("Tags", []))
public = next(t for t in tables if tagged(t, "route_table.public"))
ec2.delete_route(RouteTableId=public["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
subnet = next(s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if tagged(s, "subnet.public-a"))
link = next(a for a in public["Associations"] if a.get("SubnetId") == subnet)
ec2.disassociate_route_table(AssociationId=link["RouteTableAssociationId"])

# case: security_group_rule.app-to-db
app = next(g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if tagged(g, "security_group.app"))
rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
rule = next(r for r in rules if r["GroupId"] == app and r["IsEgress"] and r.get("FromPort") == 5432)
ec2.revoke_security_group_egress(GroupId=app, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])

# case: vpc_endpoint.s3
endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
endpoint = next(e["VpcEndpointId"] for e in endpoints if e["ServiceName"].endswith(".s3"))
ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])

# case: kms_alias.main
kms.delete_alias(AliasName="alias/orders")

# case: iam_role_policy_attachment.monitoring
for policy in iam.list_attached_role_policies(RoleName=role("monitoring"))["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=role("monitoring"), PolicyArn=policy["PolicyArn"])

# case: iam_role_policy.flow-logs
iam.delete_role_policy(RoleName=role("flow-logs"), PolicyName="flow-logs")

# case: backup_selection.main
# case: backup_plan.main
plan = backup.list_backup_plans()["BackupPlansList"][0]["BackupPlanId"]
for selection in backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]:
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=selection["SelectionId"])
backup.delete_backup_plan(BackupPlanId=plan)

# case: flow_log.main
ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"] for log in ec2.describe_flow_logs()["FlowLogs"]])

# case: db_instance.c
members = rds.describe_db_instances()["DBInstances"]
member = next(m["DBInstanceIdentifier"] for m in members if m["DBInstanceIdentifier"].endswith("c"))
rds.delete_db_instance(DBInstanceIdentifier=member)

# case: scaling_policy.readers
# case: scalable_target.readers
target = aas.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"][0]
place = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
for policy in aas.describe_scaling_policies(ServiceNamespace="rds")["ScalingPolicies"]:
    aas.delete_scaling_policy(**place, PolicyName=policy["PolicyName"])
aas.deregister_scalable_target(**place)

# case: sns_subscription.dba
# case: sns_topic.alarms
topic = sns.list_topics()["Topics"][0]["TopicArn"]
for subscription in sns.list_subscriptions()["Subscriptions"]:
    if subscription["SubscriptionArn"].startswith("arn:"):
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
sns.delete_topic(TopicArn=topic)

# case: metric_alarm.cpu
alarm = next(a["AlarmName"] for a in cw.describe_alarms()["MetricAlarms"] if a["MetricName"] == "CPUUtilization")
cw.delete_alarms(AlarmNames=[alarm])
