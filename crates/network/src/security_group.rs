//! A security group. Class A: its name is unique in the VPC. Its rules are resources of their own
//! ([`crate::SecurityGroupRule`]), except one: AWS puts a rule into every new group that lets everything out.
//! Whether that rule stays is a field of the group, so that a crash between the create and the revocation shows as a
//! difference and not as a group that is open for good.

use crate::survey::{described, recorded};
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::diff::Context;
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{SecurityGroupId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType, SecurityGroup as Raw};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html",
);
/// Connections that no rule tracks are cut when their rule goes.
const TRACKING: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html";

/// A security group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// The VPC.
    pub vpc_id: Input<VpcId>,
    /// What it is for. AWS can't change it: another text means another group.
    pub description: String,
    /// Whether the rule stays that AWS puts into a new group: everything out, to everywhere. Where it is `false`, only
    /// what egress rules of the stack name goes out. Never declare that same rule as a [`crate::SecurityGroupRule`].
    pub allow_all_egress: bool,
    /// Whether the VPC has an IPv6 block, or may have one (an existing VPC, unless it was looked at): then AWS makes that
    /// rule twice, for `0.0.0.0/0` and for `::/0`. This is knowledge for the calls, not a setting: nothing changes when
    /// it changes.
    pub vpc_has_ipv6: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// What a security group exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupOutputs {
    /// Its id.
    pub group_id: SecurityGroupId,
}

impl Exports<SecurityGroupId> for SecurityGroup {
    const OUTPUT: &'static str = "group_id";
}

impl Model for SecurityGroup {
    const KIND: &'static str = "security_group";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 900.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = SecurityGroupOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(255))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, description, allow_all_egress, vpc_has_ipv6: _, tags } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("description", &old.description, description, CREATE_ONLY)
            .field("allow_all_egress", &old.allow_all_egress, allow_all_egress, egress_impact)
            .tags(&old.tags, tags);
    }
}

/// Opening is felt by nobody; closing cuts what went out by that rule alone.
fn egress_impact(_: &bool, open: &bool, _: &Context<'_>) -> Impact {
    Impact::new(if *open { Level::None } else { Level::Reconnect }, TRACKING)
}

impl Resource<Aws> for SecurityGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.group_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeSecurityGroups", me, id_filter: "group-id", ids };
        let fetch = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups);
        let all = ec2::tagged(look, query, fetch, |group: &Raw| group.group_id()).await?;
        let mut seen = Vec::with_capacity(asks.len());
        for ask in asks {
            let mine = ec2::pick(&all, ask, |outputs| outputs.group_id.as_str(), Raw::group_id, Raw::tags);
            let raw = match mine {
                Some(raw) => Some(raw.clone()),
                None => namesake(aws, ask).await?,
            };
            seen.push(raw.map_or(Seen::Absent, |raw| found(&raw, ask.spec.vpc_has_ipv6).into()));
        }
        Ok(seen)
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let vpc = spec.vpc_id.get()?.as_str();
        let tagged = tags::ec2_spec(ResourceType::SecurityGroup, me, &spec.tags);
        let call = || {
            let request = aws.ec2().create_security_group().vpc_id(vpc).group_name(&me.name);
            request.description(&spec.description).tag_specifications(tagged.clone()).send()
        };
        let made = aws.write("ec2:CreateSecurityGroup", call).await?;
        let id = made.group_id().ok_or_else(|| CallError::missing("ec2:CreateSecurityGroup", "GroupId"))?;
        if !spec.allow_all_egress {
            close(aws, id, spec.vpc_has_ipv6).await.map_err(CallError::half_done)?;
        }
        Ok(Done::ready(SecurityGroupOutputs { group_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.group_id.as_str();
        match (from.spec.allow_all_egress, to.allow_all_egress) {
            (true, false) => close(aws, id, true).await?,
            (false, true) => open(aws, id, to.vpc_has_ipv6).await?,
            _ => {}
        }
        aws.retag_ec2(id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.ec2().delete_security_group().group_id(past.outputs.group_id.as_str()).send();
        aws.remove("ec2:DeleteSecurityGroup", call).await.ending(Ending::Gone)
    }
}

/// During a search: the group that has our name, whosever it is. It is what makes AWS refuse ours.
async fn namesake(aws: &Aws, ask: &Ask<SecurityGroup>) -> Result<Option<Raw>, CallError> {
    let (None, Some(vpc)) = (&ask.outputs, ask.spec.vpc_id.known()) else { return Ok(None) };
    let filters =
        vec![ec2::filter("vpc-id", [vpc.to_string()]), ec2::filter("group-name", [ask.identity.name.clone()])];
    let found = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups)(filters).await?;
    Ok(found.into_iter().next())
}

/// Takes away what AWS put in: one call per address family, since AWS refuses a call that names a rule which is not there.
async fn close(aws: &Aws, id: &str, ipv6: bool) -> Result<(), CallError> {
    for rule in everything_out(ipv6) {
        let call = || aws.ec2().revoke_security_group_egress().group_id(id).ip_permissions(rule.clone()).send();
        match aws.write("ec2:RevokeSecurityGroupEgress", call).await {
            Ok(_) => {}
            // Not so when the group itself is not visible yet, which is "not found" too.
            Err(error) if error.code.as_deref() == Some("InvalidPermission.NotFound") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn open(aws: &Aws, id: &str, ipv6: bool) -> Result<(), CallError> {
    let call = || {
        let request = aws.ec2().authorize_security_group_egress().group_id(id);
        request.set_ip_permissions(Some(everything_out(ipv6).collect())).send()
    };
    aws.write("ec2:AuthorizeSecurityGroupEgress", call).await?;
    Ok(())
}

fn everything_out(ipv6: bool) -> impl Iterator<Item = IpPermission> {
    let all = || IpPermission::builder().ip_protocol("-1");
    let v4 = all().ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
    let v6 = all().ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build()).build();
    [Some(v4), ipv6.then_some(v6)].into_iter().flatten()
}

/// Does this permission let everything out to everywhere, in either address family?
fn is_everything_out(rule: &IpPermission) -> bool {
    let anywhere = rule.ip_ranges().iter().any(|range| range.cidr_ip() == Some("0.0.0.0/0"))
        || rule.ipv6_ranges().iter().any(|range| range.cidr_ipv6() == Some("::/0"));
    anywhere && rule.ip_protocol() == Some("-1")
}

fn found(raw: &Raw, vpc_has_ipv6: bool) -> Found<SecurityGroup> {
    let all = tags::of_ec2(raw.tags());
    let spec = SecurityGroup {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        description: raw.description().unwrap_or_default().to_owned(),
        allow_all_egress: raw.ip_permissions_egress().iter().any(is_everything_out),
        vpc_has_ipv6,
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = SecurityGroupOutputs { group_id: raw.group_id().unwrap_or_default().into() };
    Found::ready(spec, outputs, Owner::of(&all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    fn wanted() -> SecurityGroup {
        SecurityGroup {
            vpc_id: Input::Value("vpc-1".into()),
            description: "database".to_owned(),
            allow_all_egress: false,
            vpc_has_ipv6: false,
            tags: Tags::new(),
        }
    }

    fn raw(egress: Vec<IpPermission>) -> Raw {
        let raw = Raw::builder().group_id("sg-1").vpc_id("vpc-1").description("database");
        raw.set_ip_permissions_egress(Some(egress)).build()
    }

    fn open_after(egress: Vec<IpPermission>) -> bool {
        found(&raw(egress), false).spec.allow_all_egress
    }

    #[test]
    fn a_group_that_a_crash_left_open_shows_a_difference() {
        let left = found(&raw(everything_out(false).collect()), false);
        assert_eq!(changes(&left.spec, &wanted()), [("allow_all_egress".to_owned(), Level::Reconnect)]);
        assert_eq!(changes(&found(&raw(Vec::new()), false).spec, &wanted()), []);
    }

    #[test]
    fn either_family_makes_it_open_and_narrow_rules_do_not() {
        assert!(open_after(everything_out(true).skip(1).collect()));
        let to = |protocol: &str, cidr: &str| {
            IpPermission::builder().ip_protocol(protocol).ip_ranges(IpRange::builder().cidr_ip(cidr).build()).build()
        };
        assert!(!open_after(vec![to("tcp", "0.0.0.0/0"), to("-1", "10.0.0.0/16")]));
    }

    #[test]
    fn the_second_family_is_named_only_where_it_exists() {
        assert_eq!(everything_out(false).count(), 1);
        assert_eq!(everything_out(true).count(), 2);
    }

    #[test]
    fn grades() {
        let edits = [
            ("vpc_id", Level::Replace, SecurityGroup { vpc_id: Input::Value("vpc-2".into()), ..wanted() }),
            ("description", Level::Replace, SecurityGroup { description: "db".to_owned(), ..wanted() }),
            ("allow_all_egress", Level::None, SecurityGroup { allow_all_egress: true, ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
        assert_eq!(changes(&wanted(), &SecurityGroup { vpc_has_ipv6: true, ..wanted() }), []);
    }
}
