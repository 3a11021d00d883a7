//! The association of a subnet with a route table. Class D: the subnet is its identity, since a subnet has one
//! explicit association at most.
//!
//! Moving a subnet to another table gives the association a new id, so it is always found by the subnet.

use crate::route_table::tables;
use crate::survey::described;
use auroractl_aws::{Aws, GoneIsFine as _, ec2};
use auroractl_core::ids::{RouteTableAssociationId, RouteTableId, SubnetId};
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{
    RouteTable as RawTable, RouteTableAssociation as Raw, RouteTableAssociationStateCode as Code,
};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
// Traffic inside the VPC, that of the database's clients, goes by the local route that every table has.
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html";

/// An association as the stack wants it. It has no tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTableAssociation {
    /// The table.
    pub route_table_id: Input<RouteTableId>,
    /// The subnet.
    pub subnet_id: Input<SubnetId>,
}

/// What is needed to find an association again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTableAssociationOutputs {
    /// Its present id.
    pub association_id: RouteTableAssociationId,
    /// The subnet.
    pub subnet_id: SubnetId,
}

impl Model for RouteTableAssociation {
    const KIND: &'static str = "route_table_association";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Relation;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = RouteTableAssociationOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { route_table_id, subnet_id } = new;
        d.field("route_table_id", &old.route_table_id, route_table_id, IN_PLACE).field(
            "subnet_id",
            &old.subnet_id,
            subnet_id,
            CREATE_ONLY,
        );
    }
}

impl Resource<Aws> for RouteTableAssociation {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = asks.iter().filter_map(|ask| ask.spec.route_table_id.known()).map(ToString::to_string).collect();
        let mut all = tables(aws, look, me, ids).await?;
        let missing: Vec<String> = asks
            .iter()
            .filter_map(subnet_of)
            .filter(|subnet| association(&all, subnet).is_none())
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            // Somebody may have moved them to tables of their own.
            let fetch = described!(aws, "ec2:DescribeRouteTables", describe_route_tables);
            all.extend(fetch(vec![ec2::filter("association.subnet-id", missing)]).await?);
        }
        Ok(asks.iter().map(|ask| seen(&all, ask)).collect())
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (table, subnet) = (spec.route_table_id.get()?.as_str(), spec.subnet_id.get()?);
        let call = || aws.ec2().associate_route_table().route_table_id(table).subnet_id(subnet.as_str()).send();
        let made = aws.write("ec2:AssociateRouteTable", call).await?;
        let id = made.association_id().ok_or_else(|| CallError::missing("ec2:AssociateRouteTable", "AssociationId"))?;
        Ok(Done::ready(RouteTableAssociationOutputs { association_id: id.into(), subnet_id: subnet.clone() }))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        if from.spec.route_table_id == to.route_table_id {
            return Ok(Done::ready(from.outputs.clone()));
        }
        let (id, table) = (from.outputs.association_id.as_str(), to.route_table_id.get()?.as_str());
        let call = || aws.ec2().replace_route_table_association().association_id(id).route_table_id(table).send();
        let moved = aws.write("ec2:ReplaceRouteTableAssociation", call).await?;
        let id = moved.new_association_id();
        let id = id.ok_or_else(|| CallError::missing("ec2:ReplaceRouteTableAssociation", "NewAssociationId"))?;
        Ok(Done::ready(RouteTableAssociationOutputs { association_id: id.into(), ..from.outputs.clone() }))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.association_id.as_str();
        let call = || aws.ec2().disassociate_route_table().association_id(id).send();
        aws.remove("ec2:DisassociateRouteTable", call).await.ending(Ending::Gone)
    }
}

/// The subnet that an ask is about, if it is known.
fn subnet_of(ask: &Ask<RouteTableAssociation>) -> Option<&SubnetId> {
    ask.outputs.as_ref().map(|outputs| &outputs.subnet_id).or_else(|| ask.spec.subnet_id.known())
}

/// A subnet's explicit association, and the table that it is in.
fn association<'t>(all: &'t [RawTable], subnet: &SubnetId) -> Option<(&'t RawTable, &'t Raw)> {
    let gone = |raw: &Raw| {
        let state = raw.association_state().and_then(|state| state.state());
        matches!(state, Some(Code::Disassociated))
    };
    all.iter().find_map(|table| {
        let here = table.associations().iter().find(|raw| raw.subnet_id() == Some(subnet.as_str()) && !gone(raw))?;
        Some((table, here))
    })
}

fn seen(all: &[RawTable], ask: &Ask<RouteTableAssociation>) -> Seen<RouteTableAssociation> {
    let Some(subnet) = subnet_of(ask) else { return Seen::Absent };
    let Some((table, raw)) = association(all, subnet) else { return Seen::Absent };
    let spec = RouteTableAssociation {
        route_table_id: Input::Value(table.route_table_id().unwrap_or_default().into()),
        subnet_id: Input::Value(subnet.clone()),
    };
    let outputs = RouteTableAssociationOutputs {
        association_id: raw.route_table_association_id().unwrap_or_default().into(),
        subnet_id: subnet.clone(),
    };
    // It belongs to whoever owns the subnet, and the stack only ever associates subnets of its own.
    Found { readiness: readiness(raw), ..Found::ready(spec, outputs, Owner::Inherited) }.into()
}

fn readiness(raw: &Raw) -> Readiness {
    let Some(state) = raw.association_state() else { return Readiness::Ready };
    match state.state() {
        Some(Code::Associated) | None => Readiness::Ready,
        Some(Code::Disassociating | Code::Disassociated) => Readiness::Deleting,
        Some(Code::Failed) => {
            Readiness::Failed(format!("failed: {}", state.status_message().unwrap_or("no reason given")))
        }
        Some(other) => Readiness::Pending(other.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};
    use aws_sdk_ec2::types::RouteTableAssociationState;

    fn wanted() -> RouteTableAssociation {
        RouteTableAssociation {
            route_table_id: Input::Value("rtb-1".into()),
            subnet_id: Input::Value("subnet-1".into()),
        }
    }

    fn ask() -> Ask<RouteTableAssociation> {
        Ask { identity: identity("route_table_association.private-a"), spec: wanted(), outputs: None }
    }

    fn table(id: &str, code: Code) -> RawTable {
        let state = RouteTableAssociationState::builder().state(code).build();
        let of = |subnet: &str| {
            let raw = Raw::builder().subnet_id(subnet).association_state(state.clone());
            raw.route_table_association_id(format!("rtbassoc-{subnet}")).build()
        };
        RawTable::builder().route_table_id(id).associations(of("subnet-2")).associations(of("subnet-1")).build()
    }

    #[test]
    fn it_is_found_by_the_subnet_in_whatever_table() {
        let Seen::Live(found) = seen(&[table("rtb-9", Code::Associated)], &ask()) else { panic!() };
        assert_eq!(found.outputs.association_id.as_str(), "rtbassoc-subnet-1");
        assert_eq!(changes(&found.spec, &wanted()), [("route_table_id".to_owned(), Level::None)]);
    }

    #[test]
    fn states() {
        let state = |code| match seen(&[table("rtb-1", code)], &ask()) {
            Seen::Live(found) => Some(found.readiness),
            _ => None,
        };
        assert_eq!(state(Code::Associated), Some(Readiness::Ready));
        assert_eq!(state(Code::Associating), Some(Readiness::Pending("associating".to_owned())));
        assert_eq!(state(Code::Failed), Some(Readiness::Failed("failed: no reason given".to_owned())));
        assert_eq!(state(Code::Disassociating), Some(Readiness::Deleting));
        assert_eq!(state(Code::Disassociated), None);
    }

    #[test]
    fn the_main_association_is_not_a_subnets() {
        let main = Raw::builder().main(true).route_table_association_id("rtbassoc-main").build();
        let table = RawTable::builder().route_table_id("rtb-1").associations(main).build();
        assert_eq!(seen(&[table], &ask()), Seen::Absent);
    }

    #[test]
    fn the_subnet_is_create_only() {
        let other = RouteTableAssociation { subnet_id: Input::Value("subnet-2".into()), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("subnet_id".to_owned(), Level::Replace)]);
    }
}
