"""Somebody changes a field of every kind that has one."""

import json

# case: vpc.main
vpc = next(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if v["CidrBlock"] == "10.0.0.0/16")
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
# none: subnet: it has no field that an edit could change and that the stack sets for private ones
# none: internet_gateway: nothing but tags
# none: internet_gateway_attachment: it is there or not
# none: elastic_ip: nothing but tags
# none: nat_gateway: nothing but tags
# none: route_table: nothing but tags
# none: route: AWS can't have two of one destination; see deleted.py
# none: route_table_association: it is there or not
# none: security_group: nothing but tags
# none: security_group_rule: a changed rule is another rule; see deleted.py
# none: kms_alias: it is there or not
# none: iam_role_policy_attachment: it is there or not
# none: sns_subscription: it is there or not
# none: flow_log: nothing but tags
# none: backup_vault: nothing but tags
# none: backup_selection: AWS changes nothing of it; see deleted.py
# none: db_subnet_group: its subnets may not leave while the cluster uses them

# case: vpc_endpoint.secretsmanager
endpoint = next(e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["ServiceName"].endswith("secretsmanager"))
ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], RemoveSubnetIds=endpoint["SubnetIds"][:1])

# case: kms_key.main
key = next(a["TargetKeyId"] for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/orders")
kms.disable_key_rotation(KeyId=key)

# case: default_security_group.main
mine = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
group = ec2.describe_security_groups(Filters=mine)["SecurityGroups"][0]["GroupId"]
everybody = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[everybody])

# case: iam_role_policy.flow-logs
policy = iam.get_role_policy(RoleName=role("flow-logs"), PolicyName="flow-logs")["PolicyDocument"]
policy["Statement"][0]["Resource"] = "*"
iam.put_role_policy(RoleName=role("flow-logs"), PolicyName="flow-logs", PolicyDocument=json.dumps(policy))

# case: iam_role.monitoring
policy = iam.get_role(RoleName=role("monitoring"))["Role"]["AssumeRolePolicyDocument"]
policy = json.loads(json.dumps(policy).replace("monitoring.rds.amazonaws.com", "ec2.amazonaws.com"))
iam.update_assume_role_policy(RoleName=role("monitoring"), PolicyDocument=json.dumps(policy))

# case: db_cluster_parameter_group.main
groups = rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
group = next(g["DBClusterParameterGroupName"] for g in groups if g["DBClusterParameterGroupName"].startswith("orders"))
changed = {
    "ParameterName": "log_min_duration_statement",
    "ParameterValue": "5",
    "ApplyMethod": "immediate",
}
rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=group, Parameters=[changed])

# case: db_parameter_group.main
groups = rds.describe_db_parameter_groups()["DBParameterGroups"]
group = next(g["DBParameterGroupName"] for g in groups if g["DBParameterGroupName"].startswith("orders"))
changed = {
    "ParameterName": "log_lock_waits",
    "ParameterValue": "0",
    "ApplyMethod": "immediate",
}
rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[changed])

# case: db_cluster.main
rds.modify_db_cluster(DBClusterIdentifier="orders", BackupRetentionPeriod=3, ApplyImmediately=True)

# case: db_instance.b
members = rds.describe_db_instances()["DBInstances"]
member = next(m["DBInstanceIdentifier"] for m in members if m["DBInstanceIdentifier"].endswith("b"))
rds.modify_db_instance(DBInstanceIdentifier=member, PromotionTier=9, ApplyImmediately=True)

# case: scalable_target.readers
target = aas.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"][0]
place = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
aas.register_scalable_target(**place, MaxCapacity=9)

# case: scaling_policy.readers
policy = aas.describe_scaling_policies(ServiceNamespace="rds")["ScalingPolicies"][0]
tracking = policy["TargetTrackingScalingPolicyConfiguration"]
tracking["TargetValue"] = 33.0
aas.put_scaling_policy(
    **place,
    PolicyName=policy["PolicyName"],
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration=tracking,
)

# case: backup_plan.main
plan = backup.list_backup_plans()["BackupPlansList"][0]["BackupPlanId"]
document = backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]
for rule in document["Rules"]:
    del rule["RuleId"]
    rule["Lifecycle"] = {"DeleteAfterDays": 1}
backup.update_backup_plan(BackupPlanId=plan, BackupPlan=document)

# case: log_group.postgresql
logs.put_retention_policy(logGroupName="/aws/rds/cluster/orders/postgresql", retentionInDays=3)

# case: sns_topic.alarms
topic = sns.list_topics()["Topics"][0]["TopicArn"]
sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="")

# case: metric_alarm.cpu
alarm = next(a for a in cw.describe_alarms()["MetricAlarms"] if a["MetricName"] == "CPUUtilization")
sent = (
    "AlarmName MetricName Namespace Statistic Dimensions Period EvaluationPeriods DatapointsToAlarm "
    "ComparisonOperator TreatMissingData AlarmActions OKActions AlarmDescription"
).split()
cw.put_metric_alarm(Threshold=99, **{name: alarm[name] for name in sent if alarm.get(name)})
