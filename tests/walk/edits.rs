//! What the owner edits, and what others do.

/// One replacement in a file.
pub(super) struct Edit {
    /// The text that is there.
    pub(super) old: &'static str,
    /// The text that comes in its place.
    pub(super) new: &'static str,
}

/// Different things to feel: a restart of one reader, and two edits that nobody notices.
pub(super) const CHANGE: [Edit; 3] = [
    Edit { old: "name = \"c\"\n", new: "name = \"c\"\nclass = \"db.r7g.xlarge\"\n" },
    Edit { old: "cpu.threshold = \"80%\"\n", new: "cpu.threshold = \"75%\"\n" },
    Edit { old: "log_min_duration_statement = 1000", new: "log_min_duration_statement = 500" },
];

/// The first half of the end.
pub(super) const UNPROTECT: [Edit; 1] = [Edit { old: "[cluster]\n", new: "[cluster]\ndeletion_protection = false\n" }];

/// The alarm is deaf, and the applications are locked out.
pub(super) const BEHIND_OUR_BACK: &str = r#"
import boto3
cloudwatch, ec2 = boto3.client("cloudwatch"), boto3.client("ec2")
alarm = next(a for a in cloudwatch.describe_alarms()["MetricAlarms"] if a["MetricName"] == "CPUUtilization")
sent = ("AlarmName", "MetricName", "Namespace", "Statistic", "Dimensions", "Period", "EvaluationPeriods",
        "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData", "AlarmActions", "OKActions", "AlarmDescription")
cloudwatch.put_metric_alarm(Threshold=99, **{key: alarm[key] for key in sent if alarm.get(key)})
rule = next(r for r in ec2.describe_security_group_rules()["SecurityGroupRules"]
            if r.get("FromPort") == 5432 and not r["IsEgress"] and r.get("CidrIpv4") == "10.20.0.0/16")
ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
"#;

/// Whatever still carries our tags. The final snapshot is meant to stay, and with it the key that reads it; AWS lists a
/// deleted NAT gateway for another hour.
pub(super) const LEFT: &str = r#"
import boto3, sys
tagging, rds, ec2 = (boto3.client(name) for name in ("resourcegroupstaggingapi", "rds", "ec2"))
found = tagging.get_paginator("get_resources").paginate(TagFilters=[{"Key": "auroractl:stack", "Values": ["orders"]}])
arns = [resource["ResourceARN"] for page in found for resource in page["ResourceTagMappingList"]]
snapshots = {s["DBClusterSnapshotArn"]: s for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]}
keys = {snapshot["KmsKeyId"] for snapshot in snapshots.values()}
deleted = {nat["NatGatewayId"] for nat in ec2.describe_nat_gateways()["NatGateways"] if nat["State"] == "deleted"}
for arn in list(arns):
    if arn in snapshots:
        print("kept on purpose:", arn)
    elif arn in keys:
        print("kept, since the snapshot is unreadable without it:", arn)
    elif ":natgateway/" in arn and arn.rpartition("/")[2] in deleted:
        print("deleted, listed for another hour:", arn)
    else:
        continue
    arns.remove(arn)
print("nothing else" if not arns else "\n".join(["left behind:"] + arns))
sys.exit(bool(arns))
"#;
