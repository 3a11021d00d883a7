//! An Elastic IP address. Class C: nothing but the ownership tag, written with the allocation, tells a lost answer
//! from a second address, which costs money and eats a quota of five.

use crate::survey::recorded;
use auroractl_aws::{Aws, GoneIsFine as _, ec2, tags};
use auroractl_core::ids::AllocationId;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{Address as Raw, DomainType, Filter, ResourceType};
use serde::{Deserialize, Serialize};

/// An Elastic IP address as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {
    /// The user's tags.
    pub tags: Tags,
}

/// What an Elastic IP address exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElasticIpOutputs {
    /// Id of its allocation.
    pub allocation_id: AllocationId,
    /// The address itself, for the allow lists of others.
    pub public_ip: String,
}

impl Exports<AllocationId> for ElasticIp {
    const OUTPUT: &'static str = "allocation_id";
}

impl Model for ElasticIp {
    const KIND: &'static str = "elastic_ip";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Untokened;
    const TIMING: Timing = Timing { timeout: 900.0, ..Timing::instant(300.0) };
    type Outputs = ElasticIpOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { tags } = new;
        d.tags(&old.tags, tags);
    }
}

impl Resource<Aws> for ElasticIp {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.allocation_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeAddresses", me, id_filter: "allocation-id", ids };
        let all = ec2::tagged(look, query, |filters| addresses(aws, filters), Raw::allocation_id).await?;
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.allocation_id.as_str(), Raw::allocation_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let tagged = tags::ec2_spec(ResourceType::ElasticIp, me, &spec.tags);
        let call = || aws.ec2().allocate_address().domain(DomainType::Vpc).tag_specifications(tagged.clone()).send();
        let made = aws.write("ec2:AllocateAddress", call).await?;
        let id = made.allocation_id().ok_or_else(|| CallError::missing("ec2:AllocateAddress", "AllocationId"))?;
        let public_ip = made.public_ip().unwrap_or_default().to_owned();
        Ok(Done::ready(ElasticIpOutputs { allocation_id: id.into(), public_ip }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_ec2(from.outputs.allocation_id.as_str(), &edit).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.allocation_id.as_str();
        let call = || aws.ec2().release_address().allocation_id(id).send();
        let result = aws.remove("ec2:ReleaseAddress", call).await;
        // An address that was released earlier may belong to another account by now; then AWS says AuthFailure, as it
        // does when credentials are bad. Only a look tells the two apart, and fails where they are.
        if result.as_ref().is_err_and(|error| error.code.as_deref() == Some("AuthFailure")) {
            let left = addresses(aws, vec![ec2::filter("allocation-id", [id.to_owned()])]).await?;
            return if left.is_empty() { Ok(Ending::Gone) } else { result.map(|_| Ending::Gone) };
        }
        result.ending(Ending::Gone)
    }

    async fn spare(aws: &Aws, arn: &str) -> Result<Option<ElasticIpOutputs>, CallError> {
        let Some((_, id)) = arn.split_once(":elastic-ip/") else { return Ok(None) };
        let all = addresses(aws, vec![ec2::filter("allocation-id", [id.to_owned()])]).await?;
        let loose = all.first().filter(|raw| raw.association_id().is_none());
        Ok(loose.map(|raw| found(raw).outputs))
    }
}

/// `DescribeAddresses` has no pages.
async fn addresses(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Raw>, CallError> {
    let call = || aws.ec2().describe_addresses().set_filters(Some(filters.clone())).send();
    Ok(aws.read("ec2:DescribeAddresses", call).await?.addresses.unwrap_or_default())
}

fn found(raw: &Raw) -> Found<ElasticIp> {
    let all = tags::of_ec2(raw.tags());
    let outputs = ElasticIpOutputs {
        allocation_id: raw.allocation_id().unwrap_or_default().into(),
        public_ip: raw.public_ip().unwrap_or_default().to_owned(),
    };
    Found::ready(ElasticIp { tags: auroractl_core::tags::user(&all) }, outputs, Owner::of(&all))
}
