//! A flow log of a VPC: who talked to whom, and what was refused. Class B: its create takes a client token. It writes to a
//! log group, as a role that may write to it; AWS changes nothing of it but tags.
//!
//! A good answer may hold a refusal (`Unsuccessful`), and a log that exists may fail to deliver later. The latter is no
//! failure of the resource: the role or the group wants mending, and the design rules tell of it.

use crate::batch;
use crate::survey::recorded;
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::{FlowLogId, LogGroupName, RoleArn, VpcId};
use auroractl_core::model::{Adoption, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{
    Filter, FlowLog as Raw, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType as RawTraffic,
};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-flowlog.html",
);
/// Seconds that AWS gathers traffic for where nothing else was said.
const DEFAULT_INTERVAL: u16 = 600;

/// A flow log as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLog {
    /// The VPC; all of its network interfaces are recorded.
    pub vpc_id: Input<VpcId>,
    /// What is recorded.
    pub traffic_type: TrafficType,
    /// The log group that it writes to.
    pub log_group_name: Input<LogGroupName>,
    /// The role that it writes as: `vpc-flow-logs.amazonaws.com` may assume it, and it may write to the group.
    pub deliver_logs_permission_arn: Input<RoleArn>,
    /// Seconds that traffic is gathered before it is written: 60 or 600.
    pub max_aggregation_interval: u16,
    /// The user's tags.
    pub tags: Tags,
}

/// What a flow log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TrafficType {
    /// What was let through.
    Accept,
    /// What was refused.
    Reject,
    /// Both.
    All,
}

impl TrafficType {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
            Self::All => "ALL",
        }
    }

    fn read(raw: Option<&RawTraffic>) -> Self {
        match raw {
            Some(RawTraffic::Accept) => Self::Accept,
            Some(RawTraffic::Reject) => Self::Reject,
            _ => Self::All,
        }
    }
}

/// What is needed to find a flow log again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowLogOutputs {
    /// Its id.
    pub flow_log_id: FlowLogId,
}

impl Model for FlowLog {
    const KIND: &'static str = "flow_log";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Token;
    // AWS refuses two of one configuration and destination, and does not say which fields count.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 120.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = FlowLogOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, traffic_type, log_group_name, deliver_logs_permission_arn, max_aggregation_interval, tags } =
            new;
        let role = "deliver_logs_permission_arn";
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("traffic_type", &old.traffic_type, traffic_type, CREATE_ONLY)
            .field("log_group_name", &old.log_group_name, log_group_name, CREATE_ONLY)
            .field(role, &old.deliver_logs_permission_arn, deliver_logs_permission_arn, CREATE_ONLY)
            .field("max_aggregation_interval", &old.max_aggregation_interval, max_aggregation_interval, CREATE_ONLY)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for FlowLog {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.flow_log_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeFlowLogs", me, id_filter: "flow-log-id", ids };
        let all = ec2::tagged(look, query, |filters| described(aws, filters), Raw::flow_log_id).await?;
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.flow_log_id.as_str(), Raw::flow_log_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        // A refusal within a good answer passes by itself as any other does: that of a role that was just made.
        let flow_log_id = persist(aws.clock(), Patience::WRITE, || made(aws, me, spec)).await?;
        Ok(Done::pending(FlowLogOutputs { flow_log_id }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_ec2(from.outputs.flow_log_id.as_str(), &edit).await?;
        Ok(Done { ready: from.readiness == Readiness::Ready, ..Done::ready(from.outputs.clone()) })
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.flow_log_id.as_str();
        let call = || aws.ec2().delete_flow_logs().flow_log_ids(id).send();
        let deleted = aws.remove("ec2:DeleteFlowLogs", call).await;
        deleted.and_then(|answer| batch::all_done("ec2:DeleteFlowLogs", answer.unsuccessful())).ending(Ending::Gone)
    }
}

/// Makes the log, if AWS does not refuse it in its answer.
async fn made(aws: &Aws, me: &Identity, spec: &FlowLog) -> Result<FlowLogId, CallError> {
    let (vpc, group) = (spec.vpc_id.get()?.as_str(), spec.log_group_name.get()?.as_str());
    let role = spec.deliver_logs_permission_arn.get()?.as_str();
    let tagged = tags::ec2_spec(ResourceType::VpcFlowLog, me, &spec.tags);
    let call = || {
        let request = aws.ec2().create_flow_logs().client_token(me.token()).resource_ids(vpc);
        let request = request.resource_type(FlowLogsResourceType::Vpc).traffic_type(raw_traffic(spec.traffic_type));
        let request = request.log_destination_type(LogDestinationType::CloudWatchLogs).log_group_name(group);
        let request = request.deliver_logs_permission_arn(role);
        let request = request.max_aggregation_interval(spec.max_aggregation_interval.into());
        request.tag_specifications(tagged.clone()).send()
    };
    let made = aws.write("ec2:CreateFlowLogs", call).await?;
    batch::all_done("ec2:CreateFlowLogs", made.unsuccessful())?;
    let id = made.flow_log_ids().first().ok_or_else(|| CallError::missing("ec2:CreateFlowLogs", "FlowLogIds"))?;
    Ok(id.as_str().into())
}

/// A macro serves the others: here AWS calls the parameter `Filter`.
pub(crate) async fn described(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Raw>, CallError> {
    let call = || {
        let pages = aws.ec2().describe_flow_logs().set_filter(Some(filters.clone())).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read("ec2:DescribeFlowLogs", call).await
}

fn raw_traffic(traffic: TrafficType) -> RawTraffic {
    match traffic {
        TrafficType::Accept => RawTraffic::Accept,
        TrafficType::Reject => RawTraffic::Reject,
        TrafficType::All => RawTraffic::All,
    }
}

fn found(raw: &Raw) -> Found<FlowLog> {
    let all = tags::of_ec2(raw.tags());
    let spec = FlowLog {
        vpc_id: Input::Value(raw.resource_id().unwrap_or_default().into()),
        traffic_type: TrafficType::read(raw.traffic_type()),
        log_group_name: Input::Value(group(raw).into()),
        deliver_logs_permission_arn: Input::Value(raw.deliver_logs_permission_arn().unwrap_or_default().into()),
        max_aggregation_interval: raw
            .max_aggregation_interval()
            .and_then(|seconds| u16::try_from(seconds).ok())
            .unwrap_or(DEFAULT_INTERVAL),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = FlowLogOutputs { flow_log_id: raw.flow_log_id().unwrap_or_default().into() };
    let readiness = match raw.flow_log_status() {
        Some("ACTIVE") => Readiness::Ready,
        other => Readiness::Pending(other.unwrap_or("no status").to_owned()),
    };
    Found { readiness, ..Found::ready(spec, outputs, Owner::of(&all)) }
}

/// The group's name, which AWS may tell by its ARN alone: `arn:…:log-group:NAME:*`.
fn group(raw: &Raw) -> &str {
    let of_arn = || raw.log_destination().and_then(|arn| arn.split_once(":log-group:")).map(|(_, rest)| rest);
    raw.log_group_name().or_else(of_arn).unwrap_or_default().trim_end_matches(":*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_ec2::types::builders::FlowLogBuilder;

    fn wanted() -> FlowLog {
        FlowLog {
            vpc_id: Input::Value("vpc-1".into()),
            traffic_type: TrafficType::All,
            log_group_name: Input::Value("/aws/vpc/flow-logs/orders".into()),
            deliver_logs_permission_arn: Input::Value("arn:aws:iam::123456789012:role/r".into()),
            max_aggregation_interval: 600,
            tags: Tags::new(),
        }
    }

    fn raw() -> FlowLogBuilder {
        Raw::builder()
            .flow_log_id("fl-1")
            .resource_id("vpc-1")
            .traffic_type(RawTraffic::All)
            .deliver_logs_permission_arn("arn:aws:iam::123456789012:role/r")
            .flow_log_status("ACTIVE")
    }

    #[test]
    fn an_unchanged_log_equals_what_the_stack_wants_however_aws_names_its_group() {
        let by_name = raw().log_group_name("/aws/vpc/flow-logs/orders").max_aggregation_interval(600).build();
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vpc/flow-logs/orders:*";
        for raw in [by_name, raw().log_destination(arn).build()] {
            let found = found(&raw);
            assert_eq!((found.spec, found.readiness), (wanted(), Readiness::Ready));
        }
    }

    #[test]
    fn a_log_that_can_not_deliver_is_there_all_the_same() {
        let raw = raw().deliver_logs_status("FAILED").deliver_logs_error_message("Access error").build();
        assert_eq!(found(&raw).readiness, Readiness::Ready);
    }

    #[test]
    fn everything_but_tags_is_create_only() {
        let edits = [
            ("vpc_id", FlowLog { vpc_id: Input::Value("vpc-2".into()), ..wanted() }),
            ("traffic_type", FlowLog { traffic_type: TrafficType::Reject, ..wanted() }),
            ("log_group_name", FlowLog { log_group_name: Input::Value("other".into()), ..wanted() }),
            (
                "deliver_logs_permission_arn",
                FlowLog { deliver_logs_permission_arn: Input::Value("arn:other".into()), ..wanted() },
            ),
            ("max_aggregation_interval", FlowLog { max_aggregation_interval: 60, ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::Replace)]);
        }
    }
}
