//! What the design rules want to know about a network beyond what the stack makes: rules that somebody else added, flow
//! logs, the default security group, network ACLs. Only looked at, never changed.

use crate::SecurityGroupRule;
use crate::default_security_group::rules;
use crate::security_group_rule::read;
use crate::survey::described;
use crate::{existing, flow_log};
use auroractl_aws::{Aws, ec2};
use auroractl_engine::CallError;
use std::collections::BTreeMap;

/// What is around a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// A flow log on the VPC, whoever made it; one that delivers before one that does not.
    pub flow_log: Option<FlowLogLook>,
    /// How many rules its default security group has.
    pub default_group_rules: usize,
    /// What the table that counts for a subnet sends to an internet gateway, by subnet: whoever made the routes. A subnet
    /// whose table can't be seen is not among them.
    pub internet_routes: BTreeMap<String, Option<String>>,
    /// Entries of its network ACLs, the default one aside, that admit everybody to SSH or RDP, in words.
    pub acl_holes: Vec<String>,
}

/// A flow log that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLogLook {
    /// `TrafficType`.
    pub traffic: String,
    /// Why nothing arrives (`DeliverLogsErrorMessage`).
    pub failing: Option<String>,
}

/// All rules of some groups, by group and by the id of the rule.
///
/// # Errors
/// When AWS can't be asked.
pub async fn group_rules(
    aws: &Aws,
    groups: Vec<String>,
) -> Result<BTreeMap<String, Vec<(String, SecurityGroupRule)>>, CallError> {
    let mut rules: BTreeMap<_, Vec<_>> = groups.iter().map(|group| (group.clone(), Vec::new())).collect();
    if groups.is_empty() {
        return Ok(rules);
    }
    let described = described!(aws, "ec2:DescribeSecurityGroupRules", describe_security_group_rules);
    for raw in described(vec![ec2::filter("group-id", groups)]).await? {
        let group = raw.group_id().unwrap_or_default().to_owned();
        let id = raw.security_group_rule_id().unwrap_or_default().to_owned();
        rules.entry(group).or_default().push((id, read(&raw)));
    }
    Ok(rules)
}

/// Looks around a VPC.
///
/// # Errors
/// When AWS can't be asked.
pub async fn around(aws: &Aws, vpc: &str) -> Result<Around, CallError> {
    let of = |name: &str, value: &str| ec2::filter(name, [value.to_owned()]);
    let logs = flow_log::described(aws, vec![of("resource-id", vpc)]);
    let groups = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups);
    let acls = described!(aws, "ec2:DescribeNetworkAcls", describe_network_acls);
    let subnets = described!(aws, "ec2:DescribeSubnets", describe_subnets);
    let tables = described!(aws, "ec2:DescribeRouteTables", describe_route_tables);
    let default = vec![of("vpc-id", vpc), of("group-name", "default")];
    let all = || vec![of("vpc-id", vpc)];
    let (logs, groups, acls, subnets, tables) =
        futures::try_join!(logs, groups(default), acls(all()), subnets(all()), tables(all()))?;
    let routed = subnets.iter().filter_map(|subnet| {
        let id = subnet.subnet_id()?;
        let (table, _) = existing::effective(&tables, id)?;
        Some((id.to_owned(), existing::way_in(table).map(|(destination, _)| destination)))
    });
    Ok(Around {
        flow_log: logs.iter().map(flow_log_look).min_by_key(|log| log.failing.is_some()),
        default_group_rules: groups.iter().map(rules).sum(),
        internet_routes: routed.collect(),
        acl_holes: acls.iter().filter(|acl| acl.is_default() != Some(true)).flat_map(holes).collect(),
    })
}

fn flow_log_look(log: &aws_sdk_ec2::types::FlowLog) -> FlowLogLook {
    let traffic = log.traffic_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
    let failed = log.deliver_logs_status() == Some("FAILED");
    let why = || log.deliver_logs_error_message().unwrap_or("AWS does not say why").to_owned();
    FlowLogLook { traffic, failing: failed.then(why) }
}

/// Entries that admit everybody to SSH or RDP. ACLs are read in the order of their numbers; one that a lower number
/// refuses is told all the same, since the refusal may go.
fn holes(acl: &aws_sdk_ec2::types::NetworkAcl) -> Vec<String> {
    use aws_sdk_ec2::types::{NetworkAclEntry, RuleAction};
    let id = acl.network_acl_id().unwrap_or_default();
    let open = |entry: &&NetworkAclEntry| {
        let everybody = entry.cidr_block() == Some("0.0.0.0/0") || entry.ipv6_cidr_block() == Some("::/0");
        entry.egress() == Some(false) && entry.rule_action() == Some(&RuleAction::Allow) && everybody
    };
    let admin = |entry: &&NetworkAclEntry| {
        let all = entry.protocol() == Some("-1");
        let ports = entry.port_range().map(|range| (range.from().unwrap_or(0), range.to().unwrap_or(i32::MAX)));
        all || ports.is_some_and(|(from, to)| [22, 3389].iter().any(|port| (from..=to).contains(port)))
    };
    let told =
        |entry: &NetworkAclEntry| format!("rule {} of {id} admits everybody", entry.rule_number().unwrap_or_default());
    acl.entries().iter().filter(open).filter(admin).map(told).collect()
}

/// Mode of VPC Block Public Access in the region, `off` where it is not on.
///
/// # Errors
/// When AWS can't be asked.
pub async fn block_public_access(aws: &Aws) -> Result<String, CallError> {
    let call = || aws.ec2().describe_vpc_block_public_access_options().send();
    let answer = aws.read("ec2:DescribeVpcBlockPublicAccessOptions", call).await?;
    let mode = answer.vpc_block_public_access_options().and_then(|options| options.internet_gateway_block_mode());
    Ok(mode.map_or_else(|| "off".to_owned(), |mode| mode.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{NetworkAcl, NetworkAclEntry, PortRange, RuleAction};

    #[test]
    fn a_door_for_everybody_is_seen() {
        let entry = |from, to, block: &str, action| {
            let ports = PortRange::builder().from(from).to(to).build();
            let entry = NetworkAclEntry::builder().egress(false).rule_action(action).protocol("6").cidr_block(block);
            entry.port_range(ports).rule_number(100).build()
        };
        let holes_of = |entry| holes(&NetworkAcl::builder().network_acl_id("acl-1").entries(entry).build()).len();
        assert_eq!(holes_of(entry(20, 30, "0.0.0.0/0", RuleAction::Allow)), 1);
        assert_eq!(holes_of(entry(20, 30, "0.0.0.0/0", RuleAction::Deny)), 0);
        assert_eq!(holes_of(entry(20, 30, "10.0.0.0/8", RuleAction::Allow)), 0);
        assert_eq!(holes_of(entry(443, 443, "0.0.0.0/0", RuleAction::Allow)), 0);
    }
}
