//! Who is told. The topic, the protocol and the endpoint are its identity: subscribing twice is subscribing once.
//!
//! E-mail and HTTPS receivers have to confirm. Until they do, AWS tells no ARN and takes no `Unsubscribe`: such a
//! subscription expires by itself after three days, or goes with its topic.

use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::ids::TopicArn;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_sns::types::Subscription;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What AWS says in the place of the ARN.
const UNCONFIRMED: &str = "PendingConfirmation";
/// What AWS says in the place of the ARN for days after the receiver has unsubscribed.
const DELETED: &str = "Deleted";
/// A receiver that has to confirm hears of nothing until then.
const OTHER: Impact = Impact::new(Level::Replace, DOC);
const DOC: &str = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html";

/// A subscription as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsSubscription {
    /// The topic.
    pub topic_arn: Input<TopicArn>,
    /// How the message travels, `email`.
    pub protocol: String,
    /// Where it goes.
    pub endpoint: String,
}

/// What a subscription exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnsSubscriptionOutputs {
    /// Its topic.
    pub topic_arn: TopicArn,
    /// Its ARN; `PendingConfirmation` until the receiver has confirmed.
    pub subscription_arn: String,
}

impl Model for SnsSubscription {
    const KIND: &'static str = "sns_subscription";
    const GROUP: Group = Group::Monitoring;
    const ADOPTION: Adoption = Adoption::Relation;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = SnsSubscriptionOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { topic_arn, protocol, endpoint } = new;
        d.field("topic_arn", &old.topic_arn, topic_arn, OTHER).field("protocol", &old.protocol, protocol, OTHER);
        // Subscribing in another case answers with the subscription that is there: a replacement would end that one.
        if !same_endpoint(protocol, &old.endpoint, endpoint) {
            d.field("endpoint", &old.endpoint, endpoint, OTHER);
        }
    }
}

impl SnsSubscription {
    /// What makes it the one that it is, once its topic is known: topic, protocol, and the endpoint as SNS compares it.
    pub(crate) fn receiver(&self) -> Option<(String, String, String)> {
        let endpoint = if is_mail(&self.protocol) { self.endpoint.to_ascii_lowercase() } else { self.endpoint.clone() };
        Some((self.topic_arn.known()?.as_str().to_owned(), self.protocol.clone(), endpoint))
    }
}

impl Resource<Aws> for SnsSubscription {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let topic = spec.topic_arn.get()?.clone();
        let call = || {
            let subscribe = aws.sns().subscribe().topic_arn(topic.as_str()).protocol(&spec.protocol);
            subscribe.endpoint(&spec.endpoint).return_subscription_arn(true).send()
        };
        let made = aws.write("sns:Subscribe", call).await?;
        let arn = made.subscription_arn().unwrap_or(UNCONFIRMED).to_owned();
        Ok(Done::ready(SnsSubscriptionOutputs { topic_arn: topic, subscription_arn: arn }))
    }

    async fn update(_: &Aws, _: &Identity, from: &Found<Self>, _: &Self) -> Result<Done<Self>, CallError> {
        // Every field is its identity: there is nothing to edit in place.
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let arn = past.outputs.subscription_arn.as_str();
        if !arn.starts_with("arn:") {
            return Ok(Ending::Gone);
        }
        let call = || aws.sns().unsubscribe().subscription_arn(arn).send();
        // One that was never confirmed counts as gone: see the module.
        aws.remove("sns:Unsubscribe", call).await.ending(Ending::Gone)
    }
}

async fn subscriptions(aws: &Aws, look: &Look, topic: &TopicArn) -> Result<Arc<Vec<Subscription>>, CallError> {
    let query = format!("sns:ListSubscriptionsByTopic {topic}");
    look.once(&query, async {
        let call = || {
            let pages = aws.sns().list_subscriptions_by_topic().topic_arn(topic.as_str()).into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        Ok(aws.read("sns:ListSubscriptionsByTopic", call).await.gone_is_fine()?.unwrap_or_default())
    })
    .await
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<SnsSubscription>) -> Result<Seen<SnsSubscription>, CallError> {
    let recorded = ask.outputs.as_ref().map(|outputs| &outputs.topic_arn);
    let Some(topic) = recorded.or(ask.spec.topic_arn.known()) else { return Ok(Seen::Absent) };
    let all = subscriptions(aws, look, topic).await?;
    let Some(raw) = all.iter().find(|raw| same(raw, &ask.spec)) else { return Ok(Seen::Absent) };
    let spec = SnsSubscription { topic_arn: Input::Value(topic.clone()), ..ask.spec.clone() };
    let told = raw.subscription_arn().filter(|arn| arn.starts_with("arn:"));
    let kept = ask.outputs.as_ref().map(|outputs| outputs.subscription_arn.as_str());
    let arn = told.or(kept).unwrap_or(UNCONFIRMED).to_owned();
    let outputs = SnsSubscriptionOutputs { topic_arn: topic.clone(), subscription_arn: arn };
    Ok(Found::ready(spec, outputs, Owner::Inherited).into())
}

/// Is this the subscription?
fn same(raw: &Subscription, spec: &SnsSubscription) -> bool {
    let there = same_endpoint(&spec.protocol, raw.endpoint().unwrap_or_default(), &spec.endpoint);
    there && raw.protocol() == Some(&spec.protocol) && raw.subscription_arn() != Some(DELETED)
}

/// Mail addresses come back in lower case; in all other endpoints the case counts.
fn same_endpoint(protocol: &str, one: &str, other: &str) -> bool {
    if is_mail(protocol) { one.eq_ignore_ascii_case(other) } else { one == other }
}

fn is_mail(protocol: &str) -> bool {
    matches!(protocol, "email" | "email-json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    fn wanted(protocol: &str, endpoint: &str) -> SnsSubscription {
        SnsSubscription {
            topic_arn: Input::Value("arn:t".into()),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
        }
    }

    fn raw(arn: &str, protocol: &str, endpoint: &str) -> Subscription {
        Subscription::builder().subscription_arn(arn).protocol(protocol).endpoint(endpoint).build()
    }

    #[test]
    fn it_is_known_by_protocol_and_endpoint() {
        let mail = wanted("email", "Dba@example.com");
        assert!(same(&raw("arn:t:1", "email", "dba@example.com"), &mail));
        assert!(same(&raw(UNCONFIRMED, "email", "dba@example.com"), &mail), "unconfirmed is there");
        assert!(!same(&raw(DELETED, "email", "dba@example.com"), &mail), "unsubscribed is not");
        assert!(!same(&raw("arn:t:1", "email-json", "dba@example.com"), &mail));
        let hook = wanted("https", "https://example.com/A");
        assert!(!same(&raw("arn:t:1", "https", "https://example.com/a"), &hook));
    }

    #[test]
    fn the_case_of_a_mail_address_is_no_difference() {
        let old = wanted("email", "Ops@x.com");
        assert_eq!(changes(&old, &wanted("email", "ops@x.com")), []);
        assert_eq!(old.receiver(), wanted("email", "ops@X.com").receiver());
        let hook = wanted("https", "https://x.com/A");
        let other = wanted("https", "https://x.com/a");
        assert_eq!(changes(&hook, &other), [("endpoint".to_owned(), Level::Replace)]);
        assert_ne!(hook.receiver(), other.receiver());
    }

    #[test]
    fn every_field_is_its_identity() {
        let old = wanted("email", "a@example.com");
        let edits = [
            ("topic_arn", SnsSubscription { topic_arn: Input::Value("arn:u".into()), ..old.clone() }),
            ("protocol", SnsSubscription { protocol: "email-json".to_owned(), ..old.clone() }),
            ("endpoint", SnsSubscription { endpoint: "b@example.com".to_owned(), ..old.clone() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&old, &new), [(path.to_owned(), Level::Replace)]);
        }
    }
}
