//! A route table. Class B: its create takes a client token. Its routes and associations are resources of their own
//! ([`crate::Route`], [`crate::RouteTableAssociation`]); routes that others put into it (gateway endpoints do) are
//! none of its business.

use crate::survey::{described, recorded};
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::{RouteTableId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{ResourceType, RouteTable as Raw};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-routetable.html",
);

/// A route table as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The VPC.
    pub vpc_id: Input<VpcId>,
    /// The user's tags.
    pub tags: Tags,
}

/// What a route table exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTableOutputs {
    /// Its id.
    pub route_table_id: RouteTableId,
}

impl Exports<RouteTableId> for RouteTable {
    const OUTPUT: &'static str = "route_table_id";
}

impl Model for RouteTable {
    const KIND: &'static str = "route_table";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Token;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = RouteTableOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, tags } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY).tags(&old.tags, tags);
    }
}

/// The stack's route tables and those of the given ids; one call for tables, routes and associations together.
pub(crate) async fn tables(aws: &Aws, look: &Look, me: &Identity, ids: Vec<String>) -> Result<Vec<Raw>, CallError> {
    let query = ec2::Query { op: "ec2:DescribeRouteTables", me, id_filter: "route-table-id", ids };
    let fetch = described!(aws, "ec2:DescribeRouteTables", describe_route_tables);
    ec2::tagged(look, query, fetch, |table: &Raw| table.route_table_id()).await
}

impl Resource<Aws> for RouteTable {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let all = tables(aws, look, me, recorded(asks, |outputs| outputs.route_table_id.as_str())).await?;
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.route_table_id.as_str(), Raw::route_table_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let vpc = spec.vpc_id.get()?.as_str();
        let tagged = tags::ec2_spec(ResourceType::RouteTable, me, &spec.tags);
        let call = || {
            let request = aws.ec2().create_route_table().client_token(me.token()).vpc_id(vpc);
            request.tag_specifications(tagged.clone()).send()
        };
        let made = aws.write("ec2:CreateRouteTable", call).await?;
        let id = made.route_table().and_then(Raw::route_table_id);
        let id = id.ok_or_else(|| CallError::missing("ec2:CreateRouteTable", "RouteTableId"))?;
        Ok(Done::ready(RouteTableOutputs { route_table_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_ec2(from.outputs.route_table_id.as_str(), &edit).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.route_table_id.as_str();
        let call = || aws.ec2().delete_route_table().route_table_id(id).send();
        aws.remove("ec2:DeleteRouteTable", call).await.ending(Ending::Gone)
    }
}

fn found(raw: &Raw) -> Found<RouteTable> {
    let all = tags::of_ec2(raw.tags());
    let spec = RouteTable {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = RouteTableOutputs { route_table_id: raw.route_table_id().unwrap_or_default().into() };
    Found::ready(spec, outputs, Owner::of(&all))
}
