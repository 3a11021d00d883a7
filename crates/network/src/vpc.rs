//! The VPC. Class C: nothing but the ownership tag, written with the create, tells a lost answer from a second VPC.

use crate::survey::{described, recorded};
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::diff::Context;
use auroractl_core::ids::VpcId;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc as Raw, VpcAttributeName, VpcState};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
/// Without DNS support nobody in the VPC finds the database by its name any more: each client needs another way to it.
const DNS_OFF: Impact = Impact::new(Level::EndpointChange, DNS);
const DOC: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html";
const DNS: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html";

/// A VPC as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Primary IPv4 block; AWS zeroes host bits, so it is kept without them.
    pub cidr_block: Ipv4Net,
    /// DNS resolution inside the VPC; interface endpoints need it.
    pub enable_dns_support: bool,
    /// DNS names for its interfaces; private DNS of endpoints needs it. AWS's own default is off.
    pub enable_dns_hostnames: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// What a VPC exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcOutputs {
    /// Its id.
    pub vpc_id: VpcId,
}

impl Exports<VpcId> for Vpc {
    const OUTPUT: &'static str = "vpc_id";
}

impl Model for Vpc {
    const KIND: &'static str = "vpc";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Untokened;
    const TIMING: Timing = Timing { timeout: 600.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = VpcOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { cidr_block, enable_dns_support, enable_dns_hostnames, tags } = new;
        d.field("cidr_block", &old.cidr_block, cidr_block, CREATE_ONLY)
            .field("enable_dns_support", &old.enable_dns_support, enable_dns_support, dns_support_impact)
            .field("enable_dns_hostnames", &old.enable_dns_hostnames, enable_dns_hostnames, IN_PLACE)
            .tags(&old.tags, tags);
    }
}

fn dns_support_impact(_: &bool, on: &bool, _: &Context<'_>) -> Impact {
    if *on { IN_PLACE } else { DNS_OFF }
}

impl Resource<Aws> for Vpc {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.vpc_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeVpcs", me, id_filter: "vpc-id", ids };
        let fetch = described!(aws, "ec2:DescribeVpcs", describe_vpcs);
        let all = ec2::tagged(look, query, fetch, |vpc: &Raw| vpc.vpc_id()).await?;
        let mut seen = Vec::with_capacity(asks.len());
        for ask in asks {
            let raw = ec2::pick(&all, ask, |outputs| outputs.vpc_id.as_str(), Raw::vpc_id, Raw::tags);
            let dns = match raw {
                Some(_) if !look.compares() => Some((ask.spec.enable_dns_support, ask.spec.enable_dns_hostnames)),
                Some(raw) => dns(aws, raw.vpc_id().unwrap_or_default()).await?,
                None => None,
            };
            seen.push(raw.zip(dns).map_or(Seen::Absent, |(raw, dns)| found(raw, dns).into()));
        }
        Ok(seen)
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let cidr = spec.cidr_block.to_string();
        let tagged = tags::ec2_spec(ResourceType::Vpc, me, &spec.tags);
        let call = || aws.ec2().create_vpc().cidr_block(&cidr).tag_specifications(tagged.clone()).send();
        let made = aws.write("ec2:CreateVpc", call).await?;
        let id = made.vpc().and_then(Raw::vpc_id).ok_or_else(|| CallError::missing("ec2:CreateVpc", "VpcId"))?;
        // A new VPC resolves DNS and names no hosts.
        set_dns(aws, id, (true, false), spec).await.map_err(CallError::half_done)?;
        Ok(Done::pending(VpcOutputs { vpc_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.vpc_id.as_str();
        set_dns(aws, id, (from.spec.enable_dns_support, from.spec.enable_dns_hostnames), to).await?;
        aws.retag_ec2(id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.ec2().delete_vpc().vpc_id(past.outputs.vpc_id.as_str()).send();
        aws.remove("ec2:DeleteVpc", call).await.ending(Ending::Gone)
    }

    /// Everything that costs or serves anything in a VPC stands in a subnet.
    async fn spare(aws: &Aws, arn: &str) -> Result<Option<VpcOutputs>, CallError> {
        let Some((_, id)) = arn.split_once(":vpc/") else { return Ok(None) };
        let filters = vec![ec2::filter("vpc-id", [id.to_owned()])];
        let empty = described!(aws, "ec2:DescribeSubnets", describe_subnets)(filters).await?.is_empty();
        Ok(empty.then(|| VpcOutputs { vpc_id: id.into() }))
    }
}

/// Brings both attributes from their present values to the wanted ones: one attribute per call, AWS takes no two.
async fn set_dns(aws: &Aws, id: &str, (support, hostnames): (bool, bool), to: &Vpc) -> Result<(), CallError> {
    let value = |on| AttributeBooleanValue::builder().value(on).build();
    if support != to.enable_dns_support {
        let on = value(to.enable_dns_support);
        let call = || aws.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_support(on.clone()).send();
        aws.write("ec2:ModifyVpcAttribute", call).await?;
    }
    if hostnames != to.enable_dns_hostnames {
        let on = value(to.enable_dns_hostnames);
        let call = || aws.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(on.clone()).send();
        aws.write("ec2:ModifyVpcAttribute", call).await?;
    }
    Ok(())
}

/// Both DNS attributes, support and host names, which `DescribeVpcs` does not tell; `None` when there is no such VPC.
pub(crate) async fn dns(aws: &Aws, id: &str) -> Result<Option<(bool, bool)>, CallError> {
    let both = futures::try_join!(
        attribute(aws, id, VpcAttributeName::EnableDnsSupport),
        attribute(aws, id, VpcAttributeName::EnableDnsHostnames),
    );
    match both {
        Ok(both) => Ok(Some(both)),
        // To other calls this code means "not visible yet".
        Err(error) if error.code.as_deref() == Some("InvalidVpcID.NotFound") => Ok(None),
        Err(error) => Err(error),
    }
}

/// One attribute; AWS answers one per call.
async fn attribute(aws: &Aws, id: &str, name: VpcAttributeName) -> Result<bool, CallError> {
    let call = || aws.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send();
    let answer = aws.read("ec2:DescribeVpcAttribute", call).await?;
    let value = match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_dns_hostnames(),
    };
    Ok(value.and_then(AttributeBooleanValue::value).unwrap_or(false))
}

fn found(raw: &Raw, (support, hostnames): (bool, bool)) -> Found<Vpc> {
    let all = tags::of_ec2(raw.tags());
    let spec = Vpc {
        cidr_block: raw.cidr_block().and_then(|text| text.parse().ok()).unwrap_or_default(),
        enable_dns_support: support,
        enable_dns_hostnames: hostnames,
        tags: auroractl_core::tags::user(&all),
    };
    let readiness = match raw.state() {
        Some(VpcState::Available) => Readiness::Ready,
        other => Readiness::Pending(other.map_or("pending", VpcState::as_str).to_owned()),
    };
    let outputs = VpcOutputs { vpc_id: raw.vpc_id().unwrap_or_default().into() };
    Found { readiness, ..Found::ready(spec, outputs, Owner::of(&all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_ec2::types::Tag;

    fn wanted() -> Vpc {
        Vpc {
            cidr_block: "10.0.0.0/16".parse().unwrap(),
            enable_dns_support: true,
            enable_dns_hostnames: true,
            tags: Tags::new(),
        }
    }

    #[test]
    fn an_unchanged_vpc_equals_what_the_stack_wants() {
        let tag = Tag::builder().key("auroractl:id").value("oid").build();
        let raw = Raw::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16").state(VpcState::Available).tags(tag).build();
        let found = found(&raw, (true, true));
        assert_eq!((found.spec, found.readiness), (wanted(), Readiness::Ready));
        assert_eq!(found.owner, Owner::Partial("oid".to_owned()));
    }

    #[test]
    fn a_vpc_without_its_attributes_is_half_done() {
        let raw = Raw::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16").state(VpcState::Pending).build();
        let found = found(&raw, (true, false));
        assert_eq!(changes(&found.spec, &wanted()), [("enable_dns_hostnames".to_owned(), Level::None)]);
        assert_eq!((found.readiness, found.owner), (Readiness::Pending("pending".to_owned()), Owner::Untagged));
    }

    #[test]
    fn grades() {
        let edits = [
            ("cidr_block", Level::Replace, Vpc { cidr_block: "10.1.0.0/16".parse().unwrap(), ..wanted() }),
            ("enable_dns_support", Level::EndpointChange, Vpc { enable_dns_support: false, ..wanted() }),
            ("enable_dns_hostnames", Level::None, Vpc { enable_dns_hostnames: false, ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
    }
}
