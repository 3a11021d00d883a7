//! The internet gateway. Class C: until it is attached, nothing but its ownership tag tells it from a second one.
//!
//! Its attachment to the VPC is a resource of its own, [`crate::InternetGatewayAttachment`].

use crate::survey::{described, recorded};
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::InternetGatewayId;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{InternetGateway as Raw, ResourceType};
use serde::{Deserialize, Serialize};

/// An internet gateway as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The user's tags.
    pub tags: Tags,
}

/// What an internet gateway exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayOutputs {
    /// Its id. Routes take it from the attachment, which they need.
    pub internet_gateway_id: InternetGatewayId,
}

impl Exports<InternetGatewayId> for InternetGateway {
    const OUTPUT: &'static str = "internet_gateway_id";
}

impl Model for InternetGateway {
    const KIND: &'static str = "internet_gateway";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Untokened;
    const TIMING: Timing = Timing { timeout: 300.0, ..Timing::instant(300.0) };
    type Outputs = InternetGatewayOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { tags } = new;
        d.tags(&old.tags, tags);
    }
}

/// The stack's gateways and those of the given ids; one call for gateways and attachments together.
pub(crate) async fn gateways(aws: &Aws, look: &Look, me: &Identity, ids: Vec<String>) -> Result<Vec<Raw>, CallError> {
    let query = ec2::Query { op: "ec2:DescribeInternetGateways", me, id_filter: "internet-gateway-id", ids };
    let fetch = described!(aws, "ec2:DescribeInternetGateways", describe_internet_gateways);
    ec2::tagged(look, query, fetch, |gateway: &Raw| gateway.internet_gateway_id()).await
}

impl Resource<Aws> for InternetGateway {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.internet_gateway_id.as_str());
        let all = gateways(aws, look, me, ids).await?;
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(
                &all,
                ask,
                |outputs| outputs.internet_gateway_id.as_str(),
                Raw::internet_gateway_id,
                Raw::tags,
            );
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let tagged = tags::ec2_spec(ResourceType::InternetGateway, me, &spec.tags);
        let call = || aws.ec2().create_internet_gateway().tag_specifications(tagged.clone()).send();
        let made = aws.write("ec2:CreateInternetGateway", call).await?;
        let id = made.internet_gateway().and_then(Raw::internet_gateway_id);
        let id = id.ok_or_else(|| CallError::missing("ec2:CreateInternetGateway", "InternetGatewayId"))?;
        Ok(Done::ready(InternetGatewayOutputs { internet_gateway_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_ec2(from.outputs.internet_gateway_id.as_str(), &edit).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.internet_gateway_id.as_str();
        let call = || aws.ec2().delete_internet_gateway().internet_gateway_id(id).send();
        aws.remove("ec2:DeleteInternetGateway", call).await.ending(Ending::Gone)
    }

    async fn spare(aws: &Aws, arn: &str) -> Result<Option<InternetGatewayOutputs>, CallError> {
        let Some((_, id)) = arn.split_once(":internet-gateway/") else { return Ok(None) };
        let filters = vec![ec2::filter("internet-gateway-id", [id.to_owned()])];
        let all = described!(aws, "ec2:DescribeInternetGateways", describe_internet_gateways)(filters).await?;
        let loose = all.first().filter(|raw| raw.attachments().is_empty());
        Ok(loose.map(|raw| found(raw).outputs))
    }
}

fn found(raw: &Raw) -> Found<InternetGateway> {
    let all = tags::of_ec2(raw.tags());
    let outputs = InternetGatewayOutputs { internet_gateway_id: raw.internet_gateway_id().unwrap_or_default().into() };
    Found::ready(InternetGateway { tags: auroractl_core::tags::user(&all) }, outputs, Owner::of(&all))
}
