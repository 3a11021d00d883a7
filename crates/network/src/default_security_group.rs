//! The default security group of a VPC that the stack made, without rules. AWS makes it with the VPC and deletes it with
//! the VPC; whatever is launched without a group of its own gets it, and its rules let its members reach one another and
//! everything else.
//!
//! Class E: it is found, not made. "Create" finds it by VPC and name, marks it and takes its rules off, all of which may be
//! repeated; "delete" takes the marks off and leaves it closed, since there is no state to go back to that anybody should
//! want. It exists under a VPC of the stack alone: the group of a VPC that is given is somebody else's.

use crate::survey::{described, recorded};
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::{SecurityGroupId, VpcId};
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{IpPermission, SecurityGroup as Raw};
use serde::{Deserialize, Serialize};

/// Another VPC has another group.
const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
/// What relies on the group's rules loses its connections.
const CLOSING: Impact = Impact::new(
    Level::Reconnect,
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html",
);
const DOC: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html";
/// What AWS calls it; nobody else can have this name.
const NAME: &str = "default";

/// A default security group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultSecurityGroup {
    /// The VPC that it came with.
    pub vpc_id: Input<VpcId>,
    /// How many rules it has, both ways. A stack wants none: other numbers are only ever observed.
    pub rules: usize,
    /// The user's tags.
    pub tags: Tags,
}

/// What is needed to find the group again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultSecurityGroupOutputs {
    /// Its id.
    pub group_id: SecurityGroupId,
}

impl Model for DefaultSecurityGroup {
    const KIND: &'static str = "default_security_group";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Upsert;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = DefaultSecurityGroupOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, rules, tags } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("rules", &old.rules, rules, CLOSING)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for DefaultSecurityGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.group_id.as_str());
        // The very query of the stack's own groups: one look asks it once.
        let query = ec2::Query { op: "ec2:DescribeSecurityGroups", me, id_filter: "group-id", ids };
        let fetch = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups);
        let all = ec2::tagged(look, query, fetch, |group: &Raw| group.group_id()).await?;
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.group_id.as_str(), Raw::group_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let vpc = spec.vpc_id.get()?.as_str();
        let raw = persist(aws.clock(), Patience::WRITE, || of_vpc(aws, vpc)).await?;
        let id = raw.group_id().unwrap_or_default();
        // First: one that is closed and not marked would be found by nobody.
        let edit = tags::TagEdit { set: me.with_tags(&spec.tags), unset: Vec::new() };
        aws.retag_ec2(id, &edit).await?;
        let ready = close(aws, &raw).await.map_err(CallError::half_done)?;
        Ok(Done { ready, ..Done::pending(DefaultSecurityGroupOutputs { group_id: id.into() }) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.group_id.as_str();
        if from.spec.rules > to.rules {
            close(aws, &of_vpc(aws, from.spec.vpc_id.get()?.as_str()).await?).await?;
        }
        aws.retag_ec2(id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    /// It can't be deleted, and goes with its VPC: only the marks go.
    async fn delete(aws: &Aws, me: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let unset = me.with_tags(&past.spec.tags).into_keys().collect();
        let edit = tags::TagEdit { set: tags::Map::new(), unset };
        aws.retag_ec2(past.outputs.group_id.as_str(), &edit).await.ending(Ending::Gone)
    }
}

/// The default group of a VPC. A VPC that is a moment old may not show it yet.
async fn of_vpc(aws: &Aws, vpc: &str) -> Result<Raw, CallError> {
    let filters = vec![ec2::filter("vpc-id", [vpc.to_owned()]), ec2::filter("group-name", [NAME.to_owned()])];
    let found = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups)(filters).await?;
    let missing = || {
        let why = format!("{vpc} shows no default security group");
        CallError::new("ec2:DescribeSecurityGroups", Class::NotYet, why)
    };
    found.into_iter().next().ok_or_else(missing)
}

/// Takes all rules off. Were there some, both ways? A group that is a moment old may be shown without the rules that it has,
/// and what is not shown is not taken off: a look has to tell.
async fn close(aws: &Aws, group: &Raw) -> Result<bool, CallError> {
    let id = group.group_id().unwrap_or_default();
    let filters = vec![ec2::filter("group-id", [id.to_owned()])];
    let rules = described!(aws, "ec2:DescribeSecurityGroupRules", describe_security_group_rules)(filters).await?;
    let ids = |egress: bool| -> Vec<String> {
        let that_way = rules.iter().filter(|rule| rule.is_egress() == Some(egress));
        that_way.filter_map(|rule| rule.security_group_rule_id().map(str::to_owned)).collect()
    };
    let inward = removals(ids(false), group.ip_permissions());
    let outward = removals(ids(true), group.ip_permissions_egress());
    for Removal { ids, permissions } in &inward {
        let call = || {
            let request = aws.ec2().revoke_security_group_ingress().group_id(id);
            request.set_security_group_rule_ids(ids.clone()).set_ip_permissions(permissions.clone()).send()
        };
        gone_is_off(aws.write("ec2:RevokeSecurityGroupIngress", call).await)?;
    }
    for Removal { ids, permissions } in &outward {
        let call = || {
            let request = aws.ec2().revoke_security_group_egress().group_id(id);
            request.set_security_group_rule_ids(ids.clone()).set_ip_permissions(permissions.clone()).send()
        };
        gone_is_off(aws.write("ec2:RevokeSecurityGroupEgress", call).await)?;
    }
    Ok(!inward.is_empty() && !outward.is_empty())
}

/// One call that takes rules off: by their ids, or by what they permit.
#[derive(Debug, PartialEq)]
struct Removal {
    ids: Option<Vec<String>>,
    permissions: Option<Vec<IpPermission>>,
}

/// The calls for one way. Groups and rules are two answers, of which one may be behind: where fewer rules are told than the
/// group has, they are named by what they permit, each in a call of its own, since AWS refuses one that names a rule which
/// is not there.
fn removals(ids: Vec<String>, permissions: &[IpPermission]) -> Vec<Removal> {
    let held: usize = permissions.iter().map(peers).sum();
    if ids.len() < held {
        let off = |permission: &IpPermission| Removal { ids: None, permissions: Some(vec![permission.clone()]) };
        return permissions.iter().map(off).collect();
    }
    let ids = Some(ids).filter(|ids| !ids.is_empty());
    ids.into_iter().map(|ids| Removal { ids: Some(ids), permissions: None }).collect()
}

/// A rule that is not there is off.
fn gone_is_off<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if error.code.as_deref() != Some("InvalidPermission.NotFound") => Err(error),
        _ => Ok(()),
    }
}

/// How many rules a group has: AWS gathers those of one protocol and port in one permission.
pub(crate) fn rules(group: &Raw) -> usize {
    group.ip_permissions().iter().chain(group.ip_permissions_egress()).map(peers).sum()
}

fn peers(permission: &IpPermission) -> usize {
    let blocks = permission.ip_ranges().len() + permission.ipv6_ranges().len();
    blocks + permission.user_id_group_pairs().len() + permission.prefix_list_ids().len()
}

fn found(raw: &Raw) -> Found<DefaultSecurityGroup> {
    let all = tags::of_ec2(raw.tags());
    let spec = DefaultSecurityGroup {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        rules: rules(raw),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = DefaultSecurityGroupOutputs { group_id: raw.group_id().unwrap_or_default().into() };
    // The rules that a new group shows late, or those that were just taken off: a wait goes on until it is closed.
    let readiness = match spec.rules {
        0 => Readiness::Ready,
        open => Readiness::Pending(format!("open: it has {open} rules")),
    };
    Found { readiness, ..Found::ready(spec, outputs, Owner::of(&all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};

    fn wanted() -> DefaultSecurityGroup {
        DefaultSecurityGroup { vpc_id: Input::Value("vpc-1".into()), rules: 0, tags: Tags::new() }
    }

    /// As AWS makes it: members reach one another, and everything.
    fn new() -> Raw {
        let all = || IpPermission::builder().ip_protocol("-1");
        let one_another = all().user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").build()).build();
        let out = all().ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
        let raw = Raw::builder().group_id("sg-1").vpc_id("vpc-1").group_name(NAME);
        raw.ip_permissions(one_another).ip_permissions_egress(out).build()
    }

    #[test]
    fn each_peer_is_a_rule_and_a_group_that_a_crash_left_open_shows_a_difference() {
        assert_eq!(rules(&new()), 2);
        assert_eq!(changes(&found(&new()).spec, &wanted()), [("rules".to_owned(), Level::Reconnect)]);
        let range = |cidr: &str| IpRange::builder().cidr_ip(cidr).build();
        let two = IpPermission::builder().ip_ranges(range("10.0.0.0/8")).ip_ranges(range("10.1.0.0/16")).build();
        assert_eq!(rules(&Raw::builder().ip_permissions(two).build()), 2);
    }

    #[test]
    fn rules_that_are_listed_late_are_named_by_what_they_permit() {
        let group = new();
        let by_id = removals(vec!["sgr-1".to_owned()], group.ip_permissions());
        assert_eq!(by_id, [Removal { ids: Some(vec!["sgr-1".to_owned()]), permissions: None }]);
        let by_permission = removals(Vec::new(), group.ip_permissions_egress());
        let everything = Some(group.ip_permissions_egress().to_vec());
        assert_eq!(by_permission, [Removal { ids: None, permissions: everything }]);
        assert_eq!(removals(Vec::new(), &[]), []);
    }

    #[test]
    fn a_wait_for_it_ends_when_it_is_closed() {
        assert!(matches!(found(&new()).readiness, Readiness::Pending(_)));
        let closed = Raw::builder().group_id("sg-1").vpc_id("vpc-1").group_name(NAME).build();
        assert_eq!(found(&closed).readiness, Readiness::Ready);
    }

    #[test]
    fn a_rule_that_is_not_there_is_off() {
        let refused = |code: &str| {
            let error = CallError::new("ec2:RevokeSecurityGroupEgress", Class::Other, "no");
            gone_is_off::<()>(Err(CallError { code: Some(code.into()), ..error }))
        };
        assert!(refused("InvalidPermission.NotFound").is_ok());
        assert!(refused("InvalidGroup.NotFound").is_err());
    }

    #[test]
    fn a_closed_group_equals_what_the_stack_wants() {
        let raw = Raw::builder().group_id("sg-1").vpc_id("vpc-1").group_name(NAME).build();
        assert_eq!(found(&raw).spec, wanted());
    }

    #[test]
    fn another_vpc_has_another_group() {
        let other = DefaultSecurityGroup { vpc_id: Input::Value("vpc-2".into()), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("vpc_id".to_owned(), Level::Replace)]);
    }
}
