//! Flow logs of the stack's own VPC: a group for them, and a role that may write to this group and to nothing else.

use super::Draft;
use super::security::{partition, trust};
use crate::config::{FlowLogs, FlowTraffic};
use auroractl_aws::PolicyDocument;
use auroractl_core::Input;
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{KmsKeyArn, RoleArn, RoleName, VpcId};
use auroractl_monitoring::LogGroup;
use auroractl_network::{FlowLog, TrafficType};
use auroractl_security::{IamRole, IamRolePolicy};

/// The part of the stack file that asks for all of it.
const AT: &str = "network.vpc.flow_logs";
/// What it is all called.
const NAME: &str = "flow-logs";

/// Makes them where the stack asks for them.
pub(super) fn flow_logs(draft: &mut Draft<'_>, vpc: &Input<VpcId>, key: &Input<KmsKeyArn>) -> Result<(), GraphError> {
    let Some(wanted) = draft.config.network.vpc.as_ref().and_then(|vpc| vpc.flow_logs.clone()) else { return Ok(()) };
    let name = format!("/aws/vpc/flow-logs/{}", draft.config.stack.name);
    let policy_document = writing(&draft.config.stack.region, draft.config.stack.account.as_deref(), &name);
    let group = LogGroup {
        log_group_name: name,
        retention_in_days: Some(wanted.retention_days),
        kms_key_id: Some(key.clone()),
        tags: draft.tags(),
    };
    let group = draft.add(NAME, &group, AT)?;
    let role = IamRole {
        description: format!("Lets VPC flow logs of stack {} write to their log group", draft.config.stack.name),
        assume_role_policy_document: trust("vpc-flow-logs", draft.config.stack.account.as_deref()),
        tags: draft.tags(),
    };
    let role = draft.add(NAME, &role, AT)?;
    let policy = IamRolePolicy { role_name: role.out::<RoleName>(), policy_name: NAME.to_owned(), policy_document };
    let policy = draft.add(NAME, &policy, AT)?;
    let log = FlowLog {
        vpc_id: vpc.clone(),
        traffic_type: traffic(&wanted),
        log_group_name: group.out(),
        deliver_logs_permission_arn: role.out::<RoleArn>(),
        max_aggregation_interval: wanted.aggregation_seconds,
        tags: draft.named(NAME),
    };
    let log = draft.add("main", &log, AT)?;
    // A log whose role may not write yet starts with a failure.
    draft.desired.after(&log, &policy);
    Ok(())
}

fn traffic(wanted: &FlowLogs) -> TrafficType {
    match wanted.traffic {
        FlowTraffic::All => TrafficType::All,
        FlowTraffic::Accept => TrafficType::Accept,
        FlowTraffic::Reject => TrafficType::Reject,
    }
}

/// What the service needs
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html>), without `logs:CreateLogGroup`: a group
/// that is gone would come back without key and retention. Where the stack file names no account, any is written: a role
/// reaches its own account's groups alone.
fn writing(region: &str, account: Option<&str>, group: &str) -> PolicyDocument {
    let groups = format!("arn:{}:logs:{region}:{}:log-group", partition(region), account.unwrap_or("*"));
    PolicyDocument::answered(&format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Sid":"Write","Effect":"Allow","Action":["logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"Resource":["{groups}:{group}","{groups}:{group}:*"]}},
        {{"Sid":"Find","Effect":"Allow","Action":"logs:DescribeLogGroups","Resource":"{groups}:*"}}
        ]}}"#
    ))
}
