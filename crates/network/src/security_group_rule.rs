//! One rule of a security group. Class D: group, direction, protocol, ports and peer are its identity (AWS admits
//! each such tuple once); its tags say whose it is. The description is no part of the identity.
//!
//! Its id is learned from a look and not from the answer to the create, so that a rule whose answer
//! was lost and one whose answer came go the same way.
//!
//! Other ports are another rule, though AWS would edit them in place: a port moves with what listens there, and the old rule
//! has to admit clients until that has moved.

use crate::survey::described;
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::diff::Context;
use auroractl_core::ids::{PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId as RawPrefixList, ResourceType, SecurityGroupRule as Raw,
    SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
};
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
/// AWS would edit it in place, and those whom the old one admitted would be shut out from that moment on.
const SIDE_BY_SIDE: Impact = Impact::new(Level::Replace, DOC);
/// Clients that the old rule let through and the new one does not are cut off.
const IN_PLACE: Impact = Impact::new(
    Level::Reconnect,
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html",
);
const DOC: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html";

/// A rule as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupRule {
    /// The group that it is in.
    pub group_id: Input<SecurityGroupId>,
    /// Which way.
    pub direction: Direction,
    /// What may pass.
    pub traffic: Traffic,
    /// The other side: who may come in, or where to.
    pub peer: Peer,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The user's tags.
    pub tags: Tags,
}

/// Which way a rule opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into what carries the group.
    Ingress,
    /// Out of it.
    Egress,
}

/// Protocol and ports. ICMP's type and code stand in the place of the ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all.
    pub ip_protocol: String,
    /// First port; -1 where the protocol has none.
    pub from_port: i32,
    /// Last port; -1 where the protocol has none.
    pub to_port: i32,
}

impl Traffic {
    /// TCP to one port.
    #[must_use]
    pub fn tcp(port: u16) -> Self {
        Self { ip_protocol: "tcp".to_owned(), from_port: port.into(), to_port: port.into() }
    }

    /// As AWS answers it: names instead of numbers, and no ports where there are none.
    #[must_use]
    pub fn normal(ip_protocol: &str, from_port: Option<i32>, to_port: Option<i32>) -> Self {
        let name = match ip_protocol.to_ascii_lowercase().as_str() {
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            "58" => "icmpv6".to_owned(),
            "all" => "-1".to_owned(),
            other => other.to_owned(),
        };
        let ported = matches!(name.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
        let port = |port: Option<i32>| port.filter(|_| ported).unwrap_or(-1);
        Self { ip_protocol: name, from_port: port(from_port), to_port: port(to_port) }
    }
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// IPv4 addresses; AWS zeroes host bits, so they are kept without them.
    CidrIpv4(Ipv4Net),
    /// IPv6 addresses, likewise.
    CidrIpv6(Ipv6Net),
    /// Whatever carries this group.
    SecurityGroup(Input<SecurityGroupId>),
    /// The addresses of a prefix list.
    PrefixList(Input<PrefixListId>),
}

/// What is needed to find a rule again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupRuleOutputs {
    /// The group that it is in.
    pub group_id: SecurityGroupId,
    /// Its id; unknown between the create and the first look.
    pub rule_id: Option<SecurityGroupRuleId>,
}

impl Model for SecurityGroupRule {
    const KIND: &'static str = "security_group_rule";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Relation;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = SecurityGroupRuleOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { group_id, direction, traffic, peer, description, tags } = new;
        d.field("group_id", &old.group_id, group_id, CREATE_ONLY)
            .field("direction", &old.direction, direction, CREATE_ONLY)
            .field("traffic", &old.traffic, traffic, SIDE_BY_SIDE)
            .field("peer", &old.peer, peer, peer_impact)
            .managed("description", &old.description, description, Impact::new(Level::None, DOC))
            .tags(&old.tags, tags);
    }
}

/// AWS edits the peer, but not its sort.
fn peer_impact(old: &Peer, new: &Peer, _: &Context<'_>) -> Impact {
    if std::mem::discriminant(old) == std::mem::discriminant(new) { IN_PLACE } else { CREATE_ONLY }
}

impl Resource<Aws> for SecurityGroupRule {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let recorded = asks.iter().filter_map(|ask| ask.outputs.as_ref()?.rule_id.as_ref());
        let ids = recorded.map(ToString::to_string).collect();
        let query = ec2::Query { op: "ec2:DescribeSecurityGroupRules", me, id_filter: "security-group-rule-id", ids };
        let fetch = described!(aws, "ec2:DescribeSecurityGroupRules", describe_security_group_rules);
        let all = ec2::tagged(look, query, fetch, |rule: &Raw| rule.security_group_rule_id()).await?;
        let mut seen = Vec::with_capacity(asks.len());
        for ask in asks {
            let raw = match mine(&all, ask) {
                Some(raw) => Some(raw.clone()),
                None => same_tuple(aws, ask).await?,
            };
            seen.push(raw.map_or(Seen::Absent, |raw| found(&raw).into()));
        }
        Ok(seen)
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (group, rule) = (spec.group_id.get()?, permission(spec)?);
        let tagged = tags::ec2_spec(ResourceType::SecurityGroupRule, me, &spec.tags);
        let made = match spec.direction {
            Direction::Ingress => {
                let call = || {
                    let request = aws.ec2().authorize_security_group_ingress().group_id(group.as_str());
                    request.ip_permissions(rule.clone()).tag_specifications(tagged.clone()).send()
                };
                aws.write("ec2:AuthorizeSecurityGroupIngress", call).await?.security_group_rules
            }
            Direction::Egress => {
                let call = || {
                    let request = aws.ec2().authorize_security_group_egress().group_id(group.as_str());
                    request.ip_permissions(rule.clone()).tag_specifications(tagged.clone()).send()
                };
                aws.write("ec2:AuthorizeSecurityGroupEgress", call).await?.security_group_rules
            }
        };
        // One permission with one peer is one rule. Nothing refers to it, so nobody has to wait until it shows.
        let rule_id = made.unwrap_or_default().into_iter().find_map(|rule| rule.security_group_rule_id).map(Into::into);
        let ready = rule_id.is_some();
        let outputs = SecurityGroupRuleOutputs { group_id: group.clone(), rule_id };
        Ok(Done { ready, ..Done::pending(outputs) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let SecurityGroupRuleOutputs { group_id, rule_id: Some(id) } = &from.outputs else {
            return Err(CallError::missing("ec2:DescribeSecurityGroupRules", "SecurityGroupRuleId"));
        };
        let described = to.description.is_some() && from.spec.description != to.description;
        if described || from.spec.peer != to.peer {
            // It replaces the rule, so the description goes along even where it is not the stack's.
            let description = to.description.as_ref().or(from.spec.description.as_ref());
            let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(id.as_str());
            let update = update.security_group_rule(request(to, description)?).build();
            let call = || {
                let request = aws.ec2().modify_security_group_rules().group_id(group_id.as_str());
                request.security_group_rules(update.clone()).send()
            };
            aws.write("ec2:ModifySecurityGroupRules", call).await?;
        }
        aws.retag_ec2(id.as_str(), &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let group = past.outputs.group_id.as_str();
        // Without an id (the run ended before the first look) the tuple names the rule as well.
        let ids = past.outputs.rule_id.as_ref().map(|id| vec![id.to_string()]);
        let tuple = if ids.is_none() { Some(vec![permission(&past.spec)?]) } else { None };
        match past.spec.direction {
            Direction::Ingress => {
                let call = || {
                    let request = aws.ec2().revoke_security_group_ingress().group_id(group);
                    request.set_security_group_rule_ids(ids.clone()).set_ip_permissions(tuple.clone()).send()
                };
                aws.remove("ec2:RevokeSecurityGroupIngress", call).await.ending(Ending::Gone)
            }
            Direction::Egress => {
                let call = || {
                    let request = aws.ec2().revoke_security_group_egress().group_id(group);
                    request.set_security_group_rule_ids(ids.clone()).set_ip_permissions(tuple.clone()).send()
                };
                aws.remove("ec2:RevokeSecurityGroupEgress", call).await.ending(Ending::Gone)
            }
        }
    }
}

/// The rule of an ask: by its id once that is known, else by its oid.
fn mine<'r>(all: &'r [Raw], ask: &Ask<SecurityGroupRule>) -> Option<&'r Raw> {
    match ask.outputs.as_ref().and_then(|outputs| outputs.rule_id.as_ref()) {
        Some(id) => all.iter().find(|raw| raw.security_group_rule_id() == Some(id.as_str())),
        None => all.iter().find(|raw| ec2::carries(raw.tags(), &ask.identity.oid)),
    }
}

/// During a search: the rule of this very tuple, whosever it is. It is what makes AWS refuse ours.
async fn same_tuple(aws: &Aws, ask: &Ask<SecurityGroupRule>) -> Result<Option<Raw>, CallError> {
    let (None, Some(group)) = (&ask.outputs, ask.spec.group_id.known()) else { return Ok(None) };
    let filters = vec![ec2::filter("group-id", [group.to_string()])];
    let rules = described!(aws, "ec2:DescribeSecurityGroupRules", describe_security_group_rules)(filters).await?;
    let same = |raw: &Raw| {
        let SecurityGroupRule { direction, traffic, peer, .. } = found(raw).spec;
        (direction, &traffic, &peer) == (ask.spec.direction, &ask.spec.traffic, &ask.spec.peer)
    };
    Ok(rules.into_iter().find(same))
}

/// The rule as authorising and revoking take it. The description is ignored by the latter.
fn permission(spec: &SecurityGroupRule) -> Result<IpPermission, CallError> {
    let Traffic { ip_protocol, from_port, to_port } = &spec.traffic;
    let text = spec.description.clone();
    let permission = IpPermission::builder().ip_protocol(ip_protocol).from_port(*from_port).to_port(*to_port);
    Ok(match &spec.peer {
        Peer::CidrIpv4(net) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(net.to_string()).set_description(text).build())
        }
        Peer::CidrIpv6(net) => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(net.to_string()).set_description(text).build())
        }
        Peer::SecurityGroup(id) => {
            let pair = UserIdGroupPair::builder().group_id(id.get()?.as_str()).set_description(text);
            permission.user_id_group_pairs(pair.build())
        }
        Peer::PrefixList(id) => {
            let list = RawPrefixList::builder().prefix_list_id(id.get()?.as_str()).set_description(text);
            permission.prefix_list_ids(list.build())
        }
    }
    .build())
}

/// The rule as the edit takes it.
fn request(spec: &SecurityGroupRule, description: Option<&String>) -> Result<SecurityGroupRuleRequest, CallError> {
    let Traffic { ip_protocol, from_port, to_port } = &spec.traffic;
    let request = SecurityGroupRuleRequest::builder().ip_protocol(ip_protocol).from_port(*from_port);
    let request = request.to_port(*to_port).set_description(description.cloned());
    Ok(match &spec.peer {
        Peer::CidrIpv4(net) => request.cidr_ipv4(net.to_string()),
        Peer::CidrIpv6(net) => request.cidr_ipv6(net.to_string()),
        Peer::SecurityGroup(id) => request.referenced_group_id(id.get()?.as_str()),
        Peer::PrefixList(id) => request.prefix_list_id(id.get()?.as_str()),
    }
    .build())
}

/// A rule as AWS has it, whoever made it.
pub(crate) fn read(raw: &Raw) -> SecurityGroupRule {
    found(raw).spec
}

fn found(raw: &Raw) -> Found<SecurityGroupRule> {
    let all = tags::of_ec2(raw.tags());
    let group_id = SecurityGroupId::from(raw.group_id().unwrap_or_default());
    let spec = SecurityGroupRule {
        group_id: Input::Value(group_id.clone()),
        direction: if raw.is_egress() == Some(true) { Direction::Egress } else { Direction::Ingress },
        traffic: Traffic::normal(raw.ip_protocol().unwrap_or("-1"), raw.from_port(), raw.to_port()),
        peer: peer(raw),
        description: raw.description().filter(|text| !text.is_empty()).map(ToOwned::to_owned),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = SecurityGroupRuleOutputs { group_id, rule_id: raw.security_group_rule_id().map(Into::into) };
    Found::ready(spec, outputs, Owner::of(&all))
}

fn peer(raw: &Raw) -> Peer {
    if let Some(net) = raw.cidr_ipv6().and_then(|text| text.parse().ok()) {
        return Peer::CidrIpv6(net);
    }
    if let Some(id) = raw.referenced_group_info().and_then(|group| group.group_id()) {
        return Peer::SecurityGroup(Input::Value(id.into()));
    }
    if let Some(id) = raw.prefix_list_id() {
        return Peer::PrefixList(Input::Value(id.into()));
    }
    Peer::CidrIpv4(raw.cidr_ipv4().and_then(|text| text.parse().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};
    use aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder;
    use aws_sdk_ec2::types::{ReferencedSecurityGroup, Tag};

    fn wanted() -> SecurityGroupRule {
        SecurityGroupRule {
            group_id: Input::Value("sg-1".into()),
            direction: Direction::Ingress,
            traffic: Traffic::tcp(5432),
            peer: Peer::SecurityGroup(Input::Value("sg-2".into())),
            description: Some("applications".to_owned()),
            tags: Tags::new(),
        }
    }

    fn raw() -> SecurityGroupRuleBuilder {
        let app = ReferencedSecurityGroup::builder().group_id("sg-2").user_id("123456789012").build();
        let raw = Raw::builder().security_group_rule_id("sgr-1").group_id("sg-1").is_egress(false).ip_protocol("tcp");
        raw.from_port(5432).to_port(5432).referenced_group_info(app).description("applications")
    }

    #[test]
    fn an_unchanged_rule_equals_what_the_stack_wants() {
        let found = found(&raw().build());
        assert_eq!(found.spec, wanted());
        assert_eq!(found.outputs.rule_id, Some("sgr-1".into()));
    }

    #[test]
    fn a_rule_without_an_id_is_found_by_its_oid() {
        let identity = identity("security_group_rule.db-from-app");
        let tag = Tag::builder().key("auroractl:id").value(&identity.oid).build();
        let all = [raw().security_group_rule_id("sgr-0").build(), raw().set_tags(Some(vec![tag])).build()];
        let known = |rule_id| Some(SecurityGroupRuleOutputs { group_id: "sg-1".into(), rule_id });
        for (outputs, id) in [(None, "sgr-1"), (known(None), "sgr-1"), (known(Some("sgr-0".into())), "sgr-0")] {
            let ask = Ask { identity: identity.clone(), spec: wanted(), outputs };
            assert_eq!(mine(&all, &ask).and_then(Raw::security_group_rule_id), Some(id));
        }
    }

    #[test]
    fn protocols_and_ports_are_normalised() {
        assert_eq!(Traffic::normal("6", Some(5432), Some(5432)), Traffic::tcp(5432));
        let all = Traffic { ip_protocol: "-1".to_owned(), from_port: -1, to_port: -1 };
        for (name, port) in [("-1", None), ("all", Some(0)), ("ALL", Some(-1))] {
            assert_eq!(Traffic::normal(name, port, port), all);
        }
    }

    #[test]
    fn every_sort_of_peer_is_read_and_written() {
        let v4 = raw().set_referenced_group_info(None).cidr_ipv4("10.0.0.0/16").build();
        let v6 = raw().set_referenced_group_info(None).cidr_ipv6("2001:db8::/32").build();
        let list = raw().set_referenced_group_info(None).prefix_list_id("pl-1").build();
        for raw in [v4, v6, list, raw().build()] {
            let spec = found(&raw).spec;
            let written = request(&spec, None).unwrap();
            assert_eq!(written.cidr_ipv4(), raw.cidr_ipv4());
            assert_eq!(written.cidr_ipv6(), raw.cidr_ipv6());
            assert_eq!(written.prefix_list_id(), raw.prefix_list_id());
            assert_eq!(written.referenced_group_id(), raw.referenced_group_info().and_then(|group| group.group_id()));
            let sent = permission(&spec).unwrap();
            let sorts = [
                sent.ip_ranges().len(),
                sent.ipv6_ranges().len(),
                sent.prefix_list_ids().len(),
                sent.user_id_group_pairs().len(),
            ];
            assert_eq!(sorts.iter().sum::<usize>(), 1, "{spec:?}");
        }
    }

    #[test]
    fn the_sort_of_peer_is_create_only() {
        let cidr = |text: &str| SecurityGroupRule { peer: Peer::CidrIpv4(text.parse().unwrap()), ..wanted() };
        assert_eq!(changes(&wanted(), &cidr("10.0.0.0/16")), [("peer".to_owned(), Level::Replace)]);
        assert_eq!(changes(&cidr("10.0.0.0/16"), &cidr("10.1.0.0/16")), [("peer".to_owned(), Level::Reconnect)]);
    }

    #[test]
    fn grades() {
        let edits = [
            ("group_id", Level::Replace, SecurityGroupRule { group_id: Input::Value("sg-9".into()), ..wanted() }),
            ("direction", Level::Replace, SecurityGroupRule { direction: Direction::Egress, ..wanted() }),
            ("traffic", Level::Replace, SecurityGroupRule { traffic: Traffic::tcp(5433), ..wanted() }),
            ("description", Level::None, SecurityGroupRule { description: Some("apps".to_owned()), ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
        assert_eq!(changes(&wanted(), &SecurityGroupRule { description: None, ..wanted() }), []);
    }
}
