//! A NAT gateway. Class B: its create takes a client token. Two things are its own: it fails after the create was
//! answered, and what failed or was deleted stays visible for an hour, with its tags.

use crate::survey::recorded;
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::{AllocationId, NatGatewayId, SubnetId};
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{ConnectivityType, Filter, NatGateway as Raw, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html",
);

/// A public NAT gateway as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The public subnet that it stands in. Its VPC must have an internet gateway attached, or it fails.
    pub subnet_id: Input<SubnetId>,
    /// The address that it speaks with.
    pub allocation_id: Input<AllocationId>,
    /// The user's tags.
    pub tags: Tags,
}

/// What a NAT gateway exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NatGatewayOutputs {
    /// Its id.
    pub nat_gateway_id: NatGatewayId,
}

impl Exports<NatGatewayId> for NatGateway {
    const OUTPUT: &'static str = "nat_gateway_id";
}

impl Model for NatGateway {
    const KIND: &'static str = "nat_gateway";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Token;
    // The successor usually has the same address, which one gateway holds at a time.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 1800.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = NatGatewayOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { subnet_id, allocation_id, tags } = new;
        d.field("subnet_id", &old.subnet_id, subnet_id, CREATE_ONLY)
            .field("allocation_id", &old.allocation_id, allocation_id, CREATE_ONLY)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for NatGateway {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.nat_gateway_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeNatGateways", me, id_filter: "nat-gateway-id", ids: ids.clone() };
        let mut all = ec2::tagged(look, query, |filters| gateways(aws, filters), Raw::nat_gateway_id).await?;
        all.retain(|raw| !is_tombstone(raw, &ids));
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.nat_gateway_id.as_str(), Raw::nat_gateway_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw, &ask.spec).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (subnet, allocation) = (spec.subnet_id.get()?.as_str(), spec.allocation_id.get()?.as_str());
        let tagged = tags::ec2_spec(ResourceType::Natgateway, me, &spec.tags);
        let call = || {
            let request = aws.ec2().create_nat_gateway().client_token(me.token()).subnet_id(subnet);
            let request = request.allocation_id(allocation).connectivity_type(ConnectivityType::Public);
            request.tag_specifications(tagged.clone()).send()
        };
        let made = aws.write("ec2:CreateNatGateway", call).await?;
        let id = made.nat_gateway().and_then(Raw::nat_gateway_id);
        let id = id.ok_or_else(|| CallError::missing("ec2:CreateNatGateway", "NatGatewayId"))?;
        Ok(Done::pending(NatGatewayOutputs { nat_gateway_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_ec2(from.outputs.nat_gateway_id.as_str(), &edit).await?;
        Ok(Done { ready: from.readiness == Readiness::Ready, ..Done::ready(from.outputs.clone()) })
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.nat_gateway_id.as_str();
        let call = || aws.ec2().delete_nat_gateway().nat_gateway_id(id).send();
        // Its address, its subnet and the internet gateway are free only when it reads `deleted`.
        aws.remove("ec2:DeleteNatGateway", call).await.ending(Ending::Going)
    }
}

/// A macro serves the others: here AWS calls the parameter `Filter`.
async fn gateways(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Raw>, CallError> {
    let call = || {
        let pages = aws.ec2().describe_nat_gateways().set_filter(Some(filters.clone())).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read("ec2:DescribeNatGateways", call).await
}

/// Gone, or, unless it is on record, of no use: failed and half deleted gateways keep their tags, and a search
/// must not take one for the gateway it looks for.
fn is_tombstone(raw: &Raw, recorded: &[String]) -> bool {
    let known = raw.nat_gateway_id().is_some_and(|id| recorded.iter().any(|known| known == id));
    match raw.state() {
        Some(NatGatewayState::Deleted) => true,
        Some(NatGatewayState::Failed | NatGatewayState::Deleting) => !known,
        _ => false,
    }
}

/// What a gateway does not tell (one that is young or failed names no address) is taken to be as it was sent.
fn found(raw: &Raw, sent: &NatGateway) -> Found<NatGateway> {
    let all = tags::of_ec2(raw.tags());
    let addresses = raw.nat_gateway_addresses();
    let main = addresses.iter().find(|address| address.is_primary() == Some(true)).or_else(|| addresses.first());
    let allocation = main.and_then(|address| address.allocation_id());
    let spec = NatGateway {
        subnet_id: raw.subnet_id().map_or_else(|| sent.subnet_id.clone(), |id| Input::Value(id.into())),
        allocation_id: allocation.map_or_else(|| sent.allocation_id.clone(), |id| Input::Value(id.into())),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = NatGatewayOutputs { nat_gateway_id: raw.nat_gateway_id().unwrap_or_default().into() };
    Found { readiness: readiness(raw), ..Found::ready(spec, outputs, Owner::of(&all)) }
}

fn readiness(raw: &Raw) -> Readiness {
    match raw.state() {
        Some(NatGatewayState::Available) => Readiness::Ready,
        Some(NatGatewayState::Deleting | NatGatewayState::Deleted) => Readiness::Deleting,
        Some(NatGatewayState::Failed) => {
            let code = raw.failure_code().unwrap_or("no failure code");
            let message = raw.failure_message().unwrap_or_default().trim_end_matches('.');
            let colon = if message.is_empty() { "" } else { ": " };
            Readiness::Failed(format!("failed: {code}{colon}{message}"))
        }
        other => Readiness::Pending(other.map_or("pending", NatGatewayState::as_str).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_ec2::types::NatGatewayAddress;

    fn wanted() -> NatGateway {
        NatGateway {
            subnet_id: Input::Value("subnet-1".into()),
            allocation_id: Input::Value("eipalloc-1".into()),
            tags: Tags::new(),
        }
    }

    fn raw(state: NatGatewayState) -> aws_sdk_ec2::types::builders::NatGatewayBuilder {
        Raw::builder().nat_gateway_id("nat-1").subnet_id("subnet-1").state(state)
    }

    #[test]
    fn the_primary_address_counts() {
        let address = |id: &str, primary| NatGatewayAddress::builder().allocation_id(id).is_primary(primary).build();
        let addresses = vec![address("eipalloc-2", false), address("eipalloc-1", true)];
        let raw = raw(NatGatewayState::Available).set_nat_gateway_addresses(Some(addresses)).build();
        let found = found(&raw, &wanted());
        assert_eq!((found.spec, found.readiness), (wanted(), Readiness::Ready));
    }

    #[test]
    fn a_failure_says_why_and_differs_in_nothing() {
        let raw = raw(NatGatewayState::Failed)
            .failure_code("Gateway.NotAttached")
            .failure_message("Network vpc-1 has no Internet gateway attached.")
            .build();
        let found = found(&raw, &wanted());
        let why = "failed: Gateway.NotAttached: Network vpc-1 has no Internet gateway attached";
        assert_eq!(found.readiness, Readiness::Failed(why.to_owned()));
        assert_eq!(changes(&found.spec, &wanted()), []);
    }

    #[test]
    fn tombstones_are_no_finds() {
        let mine = ["nat-1".to_owned()];
        for (state, on_record, in_search) in [
            (NatGatewayState::Pending, false, false),
            (NatGatewayState::Available, false, false),
            (NatGatewayState::Failed, false, true),
            (NatGatewayState::Deleting, false, true),
            (NatGatewayState::Deleted, true, true),
        ] {
            let raw = raw(state.clone()).build();
            assert_eq!((is_tombstone(&raw, &mine), is_tombstone(&raw, &[])), (on_record, in_search), "{state:?}");
        }
    }

    #[test]
    fn everything_but_tags_is_create_only() {
        let other = NatGateway { subnet_id: Input::Value("subnet-2".into()), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("subnet_id".to_owned(), Level::Replace)]);
        let other = NatGateway { allocation_id: Input::Value("eipalloc-2".into()), ..wanted() };
        assert_eq!(changes(&wanted(), &other), [("allocation_id".to_owned(), Level::Replace)]);
    }
}
