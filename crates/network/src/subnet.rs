//! A subnet. Class B: AWS refuses overlapping blocks in a VPC, so a second one cannot come about.

use crate::db_subnet_group::DbSubnetGroup;
use crate::survey::{described, recorded};
use crate::vpc_endpoint::VpcEndpoint;
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::{SubnetId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{
    Address, Context, Diff, Identity, Impact, Input, Level, Naming, Observed, Owner, Readiness, Tags, guard,
};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as Raw, SubnetState};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// Later network interfaces get it, those that are there keep what they have.
const IN_PLACE: Impact =
    Impact::new(Level::None, "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html");
const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html",
);

/// "You must terminate all running instances in the subnet before you can delete the subnet", and what RDS and interface
/// endpoints have in it counts. The old one has to go first, and by then nothing routes it any more.
const OCCUPIED: Impact = Impact::impossible(
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html",
    "it can't be deleted while network interfaces of the database or of endpoints are in it: move the members that are in it to another zone (add a zone if need be), take the zone out of the stack and apply that, then add it with the new values",
    &[],
);

/// A subnet as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The VPC.
    pub vpc_id: Input<VpcId>,
    /// IPv4 block, /16 to /28; AWS zeroes host bits, so it is kept without them.
    pub cidr_block: Ipv4Net,
    /// Name of the availability zone, for example `us-east-1a`.
    pub availability_zone: String,
    /// Whether what is launched here gets a public address. NAT gateways bring their own.
    pub map_public_ip_on_launch: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// What a subnet exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubnetOutputs {
    /// Its id.
    pub subnet_id: SubnetId,
}

impl Exports<SubnetId> for Subnet {
    const OUTPUT: &'static str = "subnet_id";
}

impl Model for Subnet {
    const KIND: &'static str = "subnet";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Guard;
    // The successor usually has the same block, which AWS admits once.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 1200.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = SubnetOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, cidr_block, availability_zone, map_public_ip_on_launch, tags } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("cidr_block", &old.cidr_block, cidr_block, moved::<Ipv4Net>)
            .field("availability_zone", &old.availability_zone, availability_zone, moved::<String>)
            .field("map_public_ip_on_launch", &old.map_public_ip_on_launch, map_public_ip_on_launch, IN_PLACE)
            .tags(&old.tags, tags);
    }
}

/// Another block or zone is another subnet, which takes the place of the old one if nothing is in that.
fn moved<T>(_: &T, _: &T, context: &Context<'_>) -> Impact {
    if is_occupied(context) { OCCUPIED } else { CREATE_ONLY }
}

/// May network interfaces be in it that are not its own? RDS does not say which subnets of a group its instances are in.
fn is_occupied(context: &Context<'_>) -> bool {
    let Some(own) = context.own::<Subnet>() else { return false };
    let own = Input::Value(own.subnet_id);
    let is_live = |(at, seen): (&Address, &Observed)| at.kind() == guard::MEMBER && seen.live().is_some();
    context.all::<VpcEndpoint>().any(|(_, endpoint, _)| endpoint.subnet_ids.contains(&own))
        || context.all::<DbSubnetGroup>().any(|(_, group, _)| group.subnet_ids.contains(&own))
            && context.observed.iter().any(is_live)
}

impl Resource<Aws> for Subnet {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.subnet_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeSubnets", me, id_filter: "subnet-id", ids };
        let fetch = described!(aws, "ec2:DescribeSubnets", describe_subnets);
        let all = ec2::tagged(look, query, fetch, |subnet: &Raw| subnet.subnet_id()).await?;
        let mut seen = Vec::with_capacity(asks.len());
        for ask in asks {
            let mine = ec2::pick(&all, ask, |outputs| outputs.subnet_id.as_str(), Raw::subnet_id, Raw::tags);
            let raw = match mine {
                Some(raw) => Some(raw.clone()),
                None => same_block(aws, ask).await?,
            };
            seen.push(raw.map_or(Seen::Absent, |raw| found(&raw).into()));
        }
        Ok(seen)
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (vpc, cidr) = (spec.vpc_id.get()?.as_str(), spec.cidr_block.to_string());
        let tagged = tags::ec2_spec(ResourceType::Subnet, me, &spec.tags);
        let call = || {
            let request = aws.ec2().create_subnet().vpc_id(vpc).cidr_block(&cidr);
            request.availability_zone(&spec.availability_zone).tag_specifications(tagged.clone()).send()
        };
        let made = aws.write("ec2:CreateSubnet", call).await?;
        let raw = made.subnet().ok_or_else(|| CallError::missing("ec2:CreateSubnet", "Subnet"))?;
        let id = raw.subnet_id().ok_or_else(|| CallError::missing("ec2:CreateSubnet", "SubnetId"))?;
        if spec.map_public_ip_on_launch {
            map_public_ip(aws, id, true).await.map_err(CallError::half_done)?;
        }
        let ready = raw.state() == Some(&SubnetState::Available);
        Ok(Done { ready, ..Done::pending(SubnetOutputs { subnet_id: id.into() }) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.subnet_id.as_str();
        if from.spec.map_public_ip_on_launch != to.map_public_ip_on_launch {
            map_public_ip(aws, id, to.map_public_ip_on_launch).await?;
        }
        aws.retag_ec2(id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.ec2().delete_subnet().subnet_id(past.outputs.subnet_id.as_str()).send();
        aws.remove("ec2:DeleteSubnet", call).await.ending(Ending::Gone)
    }
}

/// During a search: a subnet that has this very block, whosever it is. It is what makes AWS refuse ours.
async fn same_block(aws: &Aws, ask: &Ask<Subnet>) -> Result<Option<Raw>, CallError> {
    let (None, Some(vpc)) = (&ask.outputs, ask.spec.vpc_id.known()) else { return Ok(None) };
    let filters =
        vec![ec2::filter("vpc-id", [vpc.to_string()]), ec2::filter("cidr-block", [ask.spec.cidr_block.to_string()])];
    let found = described!(aws, "ec2:DescribeSubnets", describe_subnets)(filters).await?;
    Ok(found.into_iter().next())
}

async fn map_public_ip(aws: &Aws, id: &str, on: bool) -> Result<(), CallError> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let call = || aws.ec2().modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value.clone()).send();
    aws.write("ec2:ModifySubnetAttribute", call).await?;
    Ok(())
}

fn found(raw: &Raw) -> Found<Subnet> {
    let all = tags::of_ec2(raw.tags());
    let spec = Subnet {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        cidr_block: raw.cidr_block().and_then(|text| text.parse().ok()).unwrap_or_default(),
        availability_zone: raw.availability_zone().unwrap_or_default().to_owned(),
        map_public_ip_on_launch: raw.map_public_ip_on_launch().unwrap_or(false),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = SubnetOutputs { subnet_id: raw.subnet_id().unwrap_or_default().into() };
    Found { readiness: readiness(raw.state()), ..Found::ready(spec, outputs, Owner::of(&all)) }
}

fn readiness(state: Option<&SubnetState>) -> Readiness {
    match state {
        Some(SubnetState::Available) => Readiness::Ready,
        Some(failed @ (SubnetState::Failed | SubnetState::FailedInsufficientCapacity | SubnetState::Unavailable)) => {
            Readiness::Failed(failed.as_str().to_owned())
        }
        other => Readiness::Pending(other.map_or("pending", SubnetState::as_str).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use auroractl_core::Live;
    use aws_sdk_ec2::types::Tag;
    use serde_json::{Value, json};
    use std::collections::{BTreeMap, BTreeSet};

    fn wanted() -> Subnet {
        Subnet {
            vpc_id: Input::Value("vpc-1".into()),
            cidr_block: "10.0.16.0/20".parse().unwrap(),
            availability_zone: "us-east-1b".to_owned(),
            map_public_ip_on_launch: false,
            tags: Tags::from([("team".to_owned(), "orders".to_owned())]),
        }
    }

    fn raw() -> aws_sdk_ec2::types::builders::SubnetBuilder {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        Raw::builder()
            .subnet_id("subnet-1")
            .vpc_id("vpc-1")
            .cidr_block("10.0.16.0/20")
            .availability_zone("us-east-1b")
            .map_public_ip_on_launch(false)
            .state(SubnetState::Available)
            .set_tags(Some(vec![tag("team", "orders"), tag("auroractl:id", "oid"), tag("aws:x", "y")]))
    }

    #[test]
    fn an_unchanged_subnet_equals_what_the_stack_wants() {
        let found = found(&raw().build());
        assert_eq!(found.spec, wanted());
        assert_eq!(found.owner, Owner::Partial("oid".to_owned()));
        assert_eq!(found.outputs.subnet_id.as_str(), "subnet-1");
    }

    #[test]
    fn only_the_launch_attribute_and_tags_change_in_place() {
        let edits: [(&str, Level, Subnet); 5] = [
            ("vpc_id", Level::Replace, Subnet { vpc_id: Input::Value("vpc-2".into()), ..wanted() }),
            ("cidr_block", Level::Replace, Subnet { cidr_block: "10.0.32.0/20".parse().unwrap(), ..wanted() }),
            ("availability_zone", Level::Replace, Subnet { availability_zone: "us-east-1c".to_owned(), ..wanted() }),
            ("map_public_ip_on_launch", Level::None, Subnet { map_public_ip_on_launch: true, ..wanted() }),
            ("tags.team", Level::None, Subnet { tags: Tags::new(), ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
        assert_eq!(changes(&wanted(), &wanted()), []);
    }

    /// The grade of another block for `subnet-1`, where these are there beside it.
    fn graded(others: &[(&str, Value)]) -> Impact {
        let live = |(at, spec, outputs): (&str, Value, Value)| {
            let live = Live::ready(spec, outputs, Owner::Inherited);
            (at.parse::<Address>().unwrap(), Observed::Live(Box::new(live)))
        };
        let outputs = json!({
            "vpc_endpoint_id": "vpce-1", "db_subnet_group_name": "g", "db_subnet_group_arn": "arn:g",
        });
        let own = ("subnet.private-b", serde_json::to_value(wanted()).unwrap(), json!({"subnet_id": "subnet-1"}));
        let others = others.iter().map(|(at, spec)| (*at, spec.clone(), outputs.clone()));
        let observed: BTreeMap<Address, Observed> = others.chain([own]).map(live).collect();
        let address: Address = "subnet.private-b".parse().unwrap();
        let new = Subnet { cidr_block: "10.0.32.0/20".parse().unwrap(), ..wanted() };
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        Subnet::diff(&wanted(), &new, &mut diff);
        diff.finish().remove(0).impact
    }

    #[test]
    fn one_that_something_is_in_is_not_made_anew() {
        let endpoint = |subnet: &str| {
            let subnets = BTreeSet::from([Input::Value(SubnetId::from(subnet))]);
            let vpc = Input::Value(VpcId::from("vpc-1"));
            let spec = VpcEndpoint::interface(vpc, "com.amazonaws.r.logs".to_owned(), subnets, BTreeSet::new());
            ("vpc_endpoint.logs", serde_json::to_value(spec).unwrap())
        };
        let group = DbSubnetGroup {
            vpc_id: Input::Value("vpc-1".into()),
            description: String::new(),
            subnet_ids: ["subnet-1", "subnet-2"].map(|id| Input::Value(SubnetId::from(id))).into(),
            tags: Tags::new(),
        };
        let group = ("db_subnet_group.main", serde_json::to_value(group).unwrap());
        let member = ("db_instance.a", Value::Null);
        assert_eq!(graded(&[endpoint("subnet-1")]), OCCUPIED);
        assert_eq!(graded(&[endpoint("subnet-2")]), CREATE_ONLY);
        assert_eq!(graded(&[group.clone(), member.clone()]), OCCUPIED);
        assert_eq!(graded(std::slice::from_ref(&group)), CREATE_ONLY, "a group alone has no interfaces");
        assert_eq!(graded(&[member]), CREATE_ONLY, "a public subnet is in no group");
    }

    #[test]
    fn states() {
        assert_eq!(readiness(Some(&SubnetState::Available)), Readiness::Ready);
        assert_eq!(readiness(Some(&"new-in-2030".into())), Readiness::Pending("new-in-2030".to_owned()));
        assert_eq!(
            readiness(Some(&SubnetState::FailedInsufficientCapacity)),
            Readiness::Failed("failed-insufficient-capacity".to_owned())
        );
    }
}
