//! The attachment of an internet gateway to a VPC. Class D: the pair of ids is its identity.
//!
//! It exports the gateway's id once more, so that a route which takes it from here comes after
//! the attachment: AWS refuses routes to a gateway that is not attached.

use crate::internet_gateway::gateways;
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{InternetGatewayId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Readiness};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Raw, InternetGatewayAttachment as RawAttachment};
use serde::{Deserialize, Serialize};

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcgatewayattachment.html",
);

/// An attachment as the stack wants it. It has no tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGatewayAttachment {
    /// The gateway; it is attached to one VPC at most.
    pub internet_gateway_id: Input<InternetGatewayId>,
    /// The VPC; it has one internet gateway at most.
    pub vpc_id: Input<VpcId>,
}

/// What an attachment exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayAttachmentOutputs {
    /// The gateway, which is attached now.
    pub internet_gateway_id: InternetGatewayId,
    /// The VPC.
    pub vpc_id: VpcId,
}

impl Exports<InternetGatewayId> for InternetGatewayAttachment {
    const OUTPUT: &'static str = "internet_gateway_id";
}

impl Model for InternetGatewayAttachment {
    const KIND: &'static str = "internet_gateway_attachment";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Relation;
    // A VPC takes one gateway, a gateway one VPC.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 1200.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = InternetGatewayAttachmentOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { internet_gateway_id, vpc_id } = new;
        d.field("internet_gateway_id", &old.internet_gateway_id, internet_gateway_id, CREATE_ONLY).field(
            "vpc_id",
            &old.vpc_id,
            vpc_id,
            CREATE_ONLY,
        );
    }
}

impl Resource<Aws> for InternetGatewayAttachment {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = asks.iter().filter_map(gateway_of).map(ToString::to_string).collect();
        let all = gateways(aws, look, me, ids).await?;
        Ok(asks.iter().map(|ask| seen(&all, ask)).collect())
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (gateway, vpc) = (spec.internet_gateway_id.get()?, spec.vpc_id.get()?);
        let call = || {
            let request = aws.ec2().attach_internet_gateway().internet_gateway_id(gateway.as_str());
            request.vpc_id(vpc.as_str()).send()
        };
        aws.write("ec2:AttachInternetGateway", call).await?;
        Ok(Done::ready(InternetGatewayAttachmentOutputs { internet_gateway_id: gateway.clone(), vpc_id: vpc.clone() }))
    }

    /// Nothing of it can be edited. It is called when the gateway was found attached to another VPC
    /// in place of the one we asked for: that is no success.
    async fn update(_: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        if from.spec == *to {
            return Ok(Done::ready(from.outputs.clone()));
        }
        let InternetGatewayAttachmentOutputs { internet_gateway_id, vpc_id } = &from.outputs;
        let why = format!("{internet_gateway_id} is attached to {vpc_id} already");
        Err(CallError::new("ec2:AttachInternetGateway", Class::Conflict, why))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let InternetGatewayAttachmentOutputs { internet_gateway_id, vpc_id } = &past.outputs;
        let call = || {
            let request = aws.ec2().detach_internet_gateway().internet_gateway_id(internet_gateway_id.as_str());
            request.vpc_id(vpc_id.as_str()).send()
        };
        aws.remove("ec2:DetachInternetGateway", call).await.ending(Ending::Gone)
    }
}

/// The gateway that an ask is about, if it is known.
fn gateway_of(ask: &Ask<InternetGatewayAttachment>) -> Option<&InternetGatewayId> {
    ask.outputs.as_ref().map(|outputs| &outputs.internet_gateway_id).or_else(|| ask.spec.internet_gateway_id.known())
}

fn seen(all: &[Raw], ask: &Ask<InternetGatewayAttachment>) -> Seen<InternetGatewayAttachment> {
    let Some(gateway) = gateway_of(ask) else { return Seen::Absent };
    let raw = all.iter().find(|raw| raw.internet_gateway_id() == Some(gateway.as_str()));
    let Some((raw, attachment)) = raw.and_then(|raw| Some((raw, raw.attachments().first()?))) else {
        return Seen::Absent;
    };
    if attachment.state() == Some(&AttachmentStatus::Detached) {
        return Seen::Absent;
    }
    let vpc_id = VpcId::from(attachment.vpc_id().unwrap_or_default());
    let owner = crate::survey::inherited(ask.outputs.is_some(), &tags::of_ec2(raw.tags()), &ask.identity);
    let spec = InternetGatewayAttachment {
        internet_gateway_id: Input::Value(gateway.clone()),
        vpc_id: Input::Value(vpc_id.clone()),
    };
    let outputs = InternetGatewayAttachmentOutputs { internet_gateway_id: gateway.clone(), vpc_id };
    Found { readiness: readiness(attachment), ..Found::ready(spec, outputs, owner) }.into()
}

/// The attachment of an internet gateway reads `available` where the model's enumeration says `attached`.
fn readiness(attachment: &RawAttachment) -> Readiness {
    match attachment.state().map(AttachmentStatus::as_str) {
        Some("available" | "attached") => Readiness::Ready,
        Some("detaching") => Readiness::Deleting,
        other => Readiness::Pending(other.unwrap_or("attaching").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};
    use auroractl_core::Owner;
    use aws_sdk_ec2::types::Tag;

    fn wanted() -> InternetGatewayAttachment {
        InternetGatewayAttachment {
            internet_gateway_id: Input::Value("igw-1".into()),
            vpc_id: Input::Value("vpc-1".into()),
        }
    }

    fn ask(spec: InternetGatewayAttachment) -> Ask<InternetGatewayAttachment> {
        Ask { identity: identity("internet_gateway_attachment.main"), spec, outputs: None }
    }

    fn attached(vpc: &str, state: &str) -> Raw {
        let attachment = RawAttachment::builder().vpc_id(vpc).state(state.into()).build();
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let tags = vec![tag("auroractl:stack", "orders"), tag("auroractl:lineage", "lineage")];
        Raw::builder().internet_gateway_id("igw-1").attachments(attachment).set_tags(Some(tags)).build()
    }

    fn live(seen: Seen<InternetGatewayAttachment>) -> Found<InternetGatewayAttachment> {
        match seen {
            Seen::Live(found) => *found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn available_means_attached() {
        let found = live(seen(&[attached("vpc-1", "available")], &ask(wanted())));
        assert_eq!((found.spec, found.readiness, found.owner), (wanted(), Readiness::Ready, Owner::Inherited));
        let found = live(seen(&[attached("vpc-1", "attaching")], &ask(wanted())));
        assert_eq!(found.readiness, Readiness::Pending("attaching".to_owned()));
    }

    #[test]
    fn another_vpc_is_a_difference_and_not_ours() {
        let found = live(seen(&[attached("vpc-2", "available")], &ask(wanted())));
        assert_eq!(changes(&found.spec, &wanted()), [("vpc_id".to_owned(), Level::Replace)]);
    }

    #[test]
    fn what_is_not_attached_is_absent() {
        let bare = Raw::builder().internet_gateway_id("igw-1").build();
        assert_eq!(seen(&[bare], &ask(wanted())), Seen::Absent);
        assert_eq!(seen(&[attached("vpc-1", "detached")], &ask(wanted())), Seen::Absent);
        assert_eq!(seen(&[], &ask(wanted())), Seen::Absent);
    }
}
