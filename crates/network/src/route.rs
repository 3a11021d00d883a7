//! A route. Class D: table and destination are its identity, and it belongs to whoever owns the table.
//!
//! Only routes of origin `CreateRoute` count: local and propagated ones may have the same destination.

use crate::route_table::tables;
use crate::survey::inherited;
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{InternetGatewayId, NatGatewayId, RouteTableId};
use auroractl_core::model::{Adoption, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Readiness};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{Route as Raw, RouteOrigin, RouteState, RouteTable as RawTable};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
// Nobody reaches the database by a gateway: routes inside the VPC are local ones, which can't be edited.
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-route.html";

/// A route as the stack wants it. It has no tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The table that it stands in.
    pub route_table_id: Input<RouteTableId>,
    /// Which addresses it is for; AWS zeroes host bits, so it is kept without them.
    pub destination_cidr_block: Ipv4Net,
    /// Where they are reached.
    pub target: RouteTarget,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTarget {
    /// To the internet. Take the id from the attachment: AWS refuses a gateway that is not attached.
    InternetGateway(Input<InternetGatewayId>),
    /// Out through a NAT gateway.
    NatGateway(Input<NatGatewayId>),
    /// To something that auroractl makes no routes to; only ever observed.
    Other(String),
}

/// What is needed to find a route again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteOutputs {
    /// The table that it stands in.
    pub route_table_id: RouteTableId,
    /// Which addresses it is for.
    pub destination_cidr_block: Ipv4Net,
}

impl Model for Route {
    const KIND: &'static str = "route";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Relation;
    // A table takes one route per destination.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = RouteOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { route_table_id, destination_cidr_block, target } = new;
        d.field("route_table_id", &old.route_table_id, route_table_id, CREATE_ONLY)
            .field("destination_cidr_block", &old.destination_cidr_block, destination_cidr_block, CREATE_ONLY)
            .field("target", &old.target, target, IN_PLACE);
    }
}

impl Resource<Aws> for Route {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = asks.iter().filter_map(key).map(|key| key.route_table_id.to_string()).collect();
        let all = tables(aws, look, me, ids).await?;
        Ok(asks.iter().map(|ask| seen(&all, ask)).collect())
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (at, to) = (place(spec)?, Target::of(&spec.target, "ec2:CreateRoute")?);
        let (table, destination) = (at.route_table_id.as_str(), at.destination_cidr_block.to_string());
        let call = || {
            let request = aws.ec2().create_route().route_table_id(table).destination_cidr_block(&destination);
            request.set_gateway_id(to.gateway.clone()).set_nat_gateway_id(to.nat_gateway.clone()).send()
        };
        aws.write("ec2:CreateRoute", call).await?;
        Ok(Done::ready(at))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let (at, target) = (&from.outputs, Target::of(&to.target, "ec2:ReplaceRoute")?);
        let (table, destination) = (at.route_table_id.as_str(), at.destination_cidr_block.to_string());
        if from.spec.target != to.target {
            let call = || {
                let request = aws.ec2().replace_route().route_table_id(table).destination_cidr_block(&destination);
                request.set_gateway_id(target.gateway.clone()).set_nat_gateway_id(target.nat_gateway.clone()).send()
            };
            aws.write("ec2:ReplaceRoute", call).await?;
        }
        Ok(Done::ready(at.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let RouteOutputs { route_table_id, destination_cidr_block } = &past.outputs;
        let destination = destination_cidr_block.to_string();
        let call = || {
            let request = aws.ec2().delete_route().route_table_id(route_table_id.as_str());
            request.destination_cidr_block(&destination).send()
        };
        aws.remove("ec2:DeleteRoute", call).await.ending(Ending::Gone)
    }
}

/// A target as the calls take it: one of the two is set.
struct Target {
    gateway: Option<String>,
    nat_gateway: Option<String>,
}

impl Target {
    fn of(target: &RouteTarget, operation: &str) -> Result<Self, CallError> {
        Ok(match target {
            RouteTarget::InternetGateway(id) => Self { gateway: Some(id.get()?.to_string()), nat_gateway: None },
            RouteTarget::NatGateway(id) => Self { gateway: None, nat_gateway: Some(id.get()?.to_string()) },
            RouteTarget::Other(id) => {
                return Err(CallError::new(operation, Class::Invalid, format!("no routes are made to {id}")));
            }
        })
    }
}

fn place(spec: &Route) -> Result<RouteOutputs, CallError> {
    let Route { route_table_id, destination_cidr_block, .. } = spec;
    Ok(RouteOutputs { route_table_id: route_table_id.get()?.clone(), destination_cidr_block: *destination_cidr_block })
}

/// Table and destination, if the table is known.
fn key(ask: &Ask<Route>) -> Option<RouteOutputs> {
    ask.outputs.clone().or_else(|| place(&ask.spec).ok())
}

fn seen(all: &[RawTable], ask: &Ask<Route>) -> Seen<Route> {
    let Some(at) = key(ask) else { return Seen::Absent };
    let Some(table) = all.iter().find(|table| table.route_table_id() == Some(at.route_table_id.as_str())) else {
        return Seen::Absent;
    };
    let destination = at.destination_cidr_block.to_string();
    let ours = |raw: &&Raw| {
        raw.origin() == Some(&RouteOrigin::CreateRoute) && raw.destination_cidr_block() == Some(destination.as_str())
    };
    let Some(raw) = table.routes().iter().find(ours) else { return Seen::Absent };
    let owner = inherited(ask.outputs.is_some(), &tags::of_ec2(table.tags()), &ask.identity);
    let spec = Route {
        route_table_id: Input::Value(at.route_table_id.clone()),
        destination_cidr_block: at.destination_cidr_block,
        target: target(raw),
    };
    let readiness = match raw.state() {
        Some(RouteState::Blackhole) => Readiness::Failed("blackhole: what it leads to is gone".to_owned()),
        Some(RouteState::Active) | None => Readiness::Ready,
        Some(other) => Readiness::Pending(other.as_str().to_owned()),
    };
    Found { readiness, ..Found::ready(spec, at, owner) }.into()
}

fn target(raw: &Raw) -> RouteTarget {
    if let Some(id) = raw.nat_gateway_id() {
        return RouteTarget::NatGateway(Input::Value(id.into()));
    }
    // A VPN gateway stands under the same key.
    if let Some(id) = raw.gateway_id().filter(|id| id.starts_with("igw-")) {
        return RouteTarget::InternetGateway(Input::Value(id.into()));
    }
    let others = [
        raw.gateway_id(),
        raw.transit_gateway_id(),
        raw.vpc_peering_connection_id(),
        raw.network_interface_id(),
        raw.egress_only_internet_gateway_id(),
        raw.local_gateway_id(),
        raw.carrier_gateway_id(),
        raw.core_network_arn(),
        raw.odb_network_arn(),
    ];
    RouteTarget::Other(others.into_iter().flatten().next().unwrap_or("something unknown").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};
    use auroractl_core::Owner;
    use aws_sdk_ec2::types::Tag;
    use aws_sdk_ec2::types::builders::RouteBuilder;

    fn wanted() -> Route {
        Route {
            route_table_id: Input::Value("rtb-1".into()),
            destination_cidr_block: "0.0.0.0/0".parse().unwrap(),
            target: RouteTarget::NatGateway(Input::Value("nat-1".into())),
        }
    }

    fn ask(outputs: Option<RouteOutputs>) -> Ask<Route> {
        Ask { identity: identity("route.private-a.default"), spec: wanted(), outputs }
    }

    fn route() -> RouteBuilder {
        Raw::builder().destination_cidr_block("0.0.0.0/0").origin(RouteOrigin::CreateRoute).state(RouteState::Active)
    }

    fn table(routes: Vec<Raw>, stack: &str) -> RawTable {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let tags = vec![tag("auroractl:stack", stack), tag("auroractl:lineage", "lineage")];
        RawTable::builder().route_table_id("rtb-1").set_routes(Some(routes)).set_tags(Some(tags)).build()
    }

    fn live(seen: Seen<Route>) -> Found<Route> {
        match seen {
            Seen::Live(found) => *found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_propagated_route_of_the_same_destination_is_not_it() {
        let propagated = route().origin(RouteOrigin::EnableVgwRoutePropagation).gateway_id("vgw-1").build();
        assert_eq!(seen(&[table(vec![propagated.clone()], "orders")], &ask(None)), Seen::Absent);
        let ours = route().nat_gateway_id("nat-1").build();
        let found = live(seen(&[table(vec![propagated, ours], "orders")], &ask(None)));
        assert_eq!((found.spec, found.owner), (wanted(), Owner::Inherited));
    }

    #[test]
    fn another_target_is_an_edit_and_a_dead_one_a_failure() {
        let moved = route().vpc_peering_connection_id("pcx-1").state(RouteState::Blackhole).build();
        let found = live(seen(&[table(vec![moved], "orders")], &ask(None)));
        assert_eq!(found.spec.target, RouteTarget::Other("pcx-1".to_owned()));
        assert_eq!(changes(&found.spec, &wanted()), [("target".to_owned(), Level::None)]);
        assert!(matches!(found.readiness, Readiness::Failed(_)));
    }

    #[test]
    fn a_route_in_a_strangers_table_is_a_strangers() {
        let raw = || route().nat_gateway_id("nat-1").build();
        assert_eq!(live(seen(&[table(vec![raw()], "billing")], &ask(None))).owner, Owner::Untagged);
        let recorded = place(&wanted()).ok();
        assert_eq!(live(seen(&[table(vec![raw()], "billing")], &ask(recorded))).owner, Owner::Inherited);
    }

    #[test]
    fn gateways_are_told_apart() {
        assert_eq!(
            target(&route().gateway_id("igw-1").build()),
            RouteTarget::InternetGateway(Input::Value("igw-1".into()))
        );
        assert_eq!(target(&route().gateway_id("vgw-1").build()), RouteTarget::Other("vgw-1".to_owned()));
    }

    #[test]
    fn table_and_destination_are_create_only() {
        let other = Route { route_table_id: Input::Value("rtb-2".into()), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("route_table_id".to_owned(), Level::Replace)]);
        let other = Route { destination_cidr_block: "10.1.0.0/16".parse().unwrap(), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("destination_cidr_block".to_owned(), Level::Replace)]);
    }
}
