"""Somebody strips all tags of everything."""

# case: vpc.main
# case: subnet.private-a
# case: internet_gateway.main
# case: elastic_ip.a
# case: nat_gateway.a
# case: route_table.public
# case: security_group.db
# case: security_group_rule.app-to-db
# case: vpc_endpoint.s3
# case: db_subnet_group.main
# case: kms_key.main
# case: iam_role.monitoring
# case: iam_role.flow-logs
# case: iam_role.backup
# case: backup_plan.main
# case: backup_vault.main
# case: default_security_group.main
# case: flow_log.main
# case: db_cluster_parameter_group.main
# case: db_parameter_group.main
# case: db_cluster.main
# case: db_instance.a
# case: scalable_target.readers
# case: log_group.postgresql
# case: sns_topic.alarms
# case: metric_alarm.cpu
# none: internet_gateway_attachment: it has no tags
# none: route: it has no tags
# none: route_table_association: it has no tags
# none: kms_alias: it has no tags
# none: backup_selection: it has no tags
# none: iam_role_policy: it has no tags
# none: iam_role_policy_attachment: it has no tags
# none: scaling_policy: it has no tags
# none: sns_subscription: it has no tags

pages = aws("resourcegroupstaggingapi").get_paginator("get_resources").paginate()
for found in (found for page in pages for found in page["ResourceTagMappingList"]):
    arn, keys = found["ResourceARN"], [tag["Key"] for tag in found["Tags"]]
    if not any(key == "auroractl:id" for key in keys):
        continue
    service = arn.split(":")[2]
    if service == "ec2":
        ec2.delete_tags(Resources=[arn.rpartition("/")[2]], Tags=[{"Key": key} for key in keys])
    elif service == "rds":
        rds.remove_tags_from_resource(ResourceName=arn, TagKeys=keys)
    elif service == "kms":
        kms.untag_resource(KeyId=arn, TagKeys=keys)
    elif service == "logs":
        logs.untag_resource(resourceArn=arn.removesuffix(":*"), tagKeys=keys)
    elif service == "sns":
        sns.untag_resource(ResourceArn=arn, TagKeys=keys)
    elif service == "backup":
        backup.untag_resource(ResourceArn=arn, TagKeyList=keys)
    elif service == "cloudwatch":
        cw.untag_resource(ResourceARN=arn, TagKeys=keys)
    elif service in ("iam", "application-autoscaling", "autoscaling"):
        continue  # below: the index does not have them in every region
    else:
        raise SystemExit(f"tags of {arn}?")

for name in (role("monitoring"), role("flow-logs"), role("backup")):
    iam.untag_role(RoleName=name, TagKeys=[tag["Key"] for tag in iam.list_role_tags(RoleName=name)["Tags"]])
target = aas.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"][0]["ScalableTargetARN"]
aas.untag_resource(
    ResourceARN=target,
    TagKeys=list(aas.list_tags_for_resource(ResourceARN=target)["Tags"]),
)
