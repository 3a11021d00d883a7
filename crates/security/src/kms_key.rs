//! The customer-managed KMS key. Class C, and the hardest create to find again: no name, no token, no tag filter. So the
//! oid stands in the description too, which `DescribeKey` returns and the tag index does not delay.

use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument, tags};
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A symmetric key for encryption, as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What it is for; the oid is appended to it at AWS.
    pub description: String,
    /// Who may use it.
    pub policy: KeyPolicy,
    /// Days between rotations of the key material, 90 to 2560; `None` turns rotation off.
    pub rotation_period_in_days: Option<u32>,
    /// Days between asking for the deletion and the deletion, 7 to 30. AWS takes it with the deletion only.
    pub deletion_window_in_days: u32,
    /// It may be used. A key that is disabled or scheduled for deletion is not: its data is out of reach.
    pub enabled: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// Who may use a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPolicy {
    /// The account, by its IAM policies; CloudWatch alarms and Logs, for what they encrypt in this account. RDS and Secrets
    /// Manager act for their callers and need no statement of their own.
    Standard,
    /// The stack's own document.
    Document(PolicyDocument),
}

/// What a key exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KmsKeyOutputs {
    /// Its id.
    pub key_id: String,
    /// Its ARN.
    pub key_arn: KmsKeyArn,
}

impl Exports<KmsKeyArn> for KmsKey {
    const OUTPUT: &'static str = "key_arn";
}

impl Model for KmsKey {
    const KIND: &'static str = "kms_key";
    const GROUP: Group = Group::Security;
    const ADOPTION: Adoption = Adoption::Untokened;
    const TIMING: Timing = Timing { create: 3.0, update: 2.0, delete: 2.0, timeout: 600.0, horizon: 600.0, stable: 1 };
    type Outputs = KmsKeyOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { description, policy, rotation_period_in_days, deletion_window_in_days, enabled, tags } = new;
        d.field("description", &old.description, description, Impact::NONE)
            .field("policy", &old.policy, policy, Impact::NONE)
            .field("rotation_period_in_days", &old.rotation_period_in_days, rotation_period_in_days, Impact::NONE)
            .field("enabled", &old.enabled, enabled, Impact::NONE)
            .tags(&old.tags, tags);
        // The window is a parameter of the deletion: AWS has nothing to compare it with before.
        let _ = deletion_window_in_days;
    }
}

impl Resource<Aws> for KmsKey {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (tagged, policy) = (tags::kms(me, &spec.tags)?, document(aws, &spec.policy));
        let description = marked(&spec.description, &me.oid);
        let call = || {
            let create = aws.kms().create_key().description(&description).policy(policy.as_str());
            create.set_tags(Some(tagged.clone())).send()
        };
        let made = aws.write("kms:CreateKey", call).await?;
        let key = made.key_metadata().ok_or_else(|| CallError::missing("kms:CreateKey", "KeyMetadata"))?;
        rotate(aws, key.key_id(), spec.rotation_period_in_days).await.map_err(CallError::half_done)?;
        Ok(Done::pending(outputs(aws, key)))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.key_id.as_str();
        if !from.spec.enabled && to.enabled {
            revive(aws, id).await?;
        }
        if from.spec.description != to.description {
            let description = marked(&to.description, &me.oid);
            let call = || aws.kms().update_key_description().key_id(id).description(&description).send();
            aws.write("kms:UpdateKeyDescription", call).await?;
        }
        if from.spec.policy != to.policy {
            let policy = document(aws, &to.policy);
            let call = || aws.kms().put_key_policy().key_id(id).policy_name("default").policy(policy.as_str()).send();
            aws.write("kms:PutKeyPolicy", call).await?;
        }
        if from.spec.rotation_period_in_days != to.rotation_period_in_days {
            rotate(aws, id, to.rotation_period_in_days).await?;
        }
        retag(aws, id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let days = i32::try_from(past.spec.deletion_window_in_days).unwrap_or(30);
        let id = past.outputs.key_id.as_str();
        let call = || aws.kms().schedule_key_deletion().key_id(id).pending_window_in_days(days).send();
        match aws.remove("kms:ScheduleKeyDeletion", call).await.gone_is_fine() {
            // It was scheduled before: done.
            Err(error) if error.message.contains("pending deletion") => Ok(Ending::Gone),
            result => result.map(|_| Ending::Gone),
        }
    }
}

/// The oid at the end of a description.
fn marked(description: &str, oid: &str) -> String {
    format!("{description} [auroractl:{oid}]").trim_start().to_owned()
}

/// Description and oid.
fn unmarked(text: &str) -> (&str, Option<&str>) {
    let split = text.rsplit_once("[auroractl:").and_then(|(front, mark)| Some((front.trim_end(), mark.strip_suffix(']')?)));
    split.map_or((text, None), |(front, oid)| (front, Some(oid)))
}

fn outputs(aws: &Aws, key: &KeyMetadata) -> KmsKeyOutputs {
    let id = key.key_id();
    let arn = key.arn().map_or_else(|| aws.arn("kms", &format!("key/{id}")), str::to_owned);
    KmsKeyOutputs { key_id: id.to_owned(), key_arn: arn.into() }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<KmsKey>) -> Result<Seen<KmsKey>, CallError> {
    let key = match &ask.outputs {
        Some(outputs) => describe(aws, look, &outputs.key_id).await?,
        None => search(aws, look, &ask.identity).await?,
    };
    match key {
        Some(key) => found(aws, look, ask, &key).await.map(Seen::from),
        None => Ok(Seen::Absent),
    }
}

async fn describe(aws: &Aws, look: &Look, id: &str) -> Result<Option<KeyMetadata>, CallError> {
    let query = format!("kms:DescribeKey {} {id}", aws.region());
    let answer: Arc<Option<KeyMetadata>> = look
        .once(&query, async {
            let call = || aws.kms().describe_key().key_id(id).send();
            let answer = aws.read("kms:DescribeKey", call).await.gone_is_fine()?;
            Ok(answer.and_then(|answer| answer.key_metadata))
        })
        .await?;
    Ok(Option::clone(&answer))
}

/// A key of an interrupted run: by the tag index, which lags, and then among all keys by the mark in the description.
/// A key that is scheduled for deletion is none.
async fn search(aws: &Aws, look: &Look, me: &Identity) -> Result<Option<KeyMetadata>, CallError> {
    let lives = |key: &KeyMetadata| !matches!(key.key_state(), Some(KeyState::PendingDeletion));
    for object in aws.owned(&me.stack.name).await? {
        if object.arn.contains(":key/") && object.tags.get(auroractl_core::tags::ID) == Some(&me.oid) {
            return Ok(describe(aws, look, &object.arn).await?.filter(lives));
        }
    }
    let call = || {
        let pages = aws.kms().list_keys().into_paginator().items();
        async move { pages.send().collect::<Result<Vec<_>, _>>().await }
    };
    for entry in aws.read("kms:ListKeys", call).await? {
        let Some(key) = describe(aws, look, entry.key_id().unwrap_or_default()).await? else { continue };
        let marked = unmarked(key.description().unwrap_or_default()).1 == Some(me.oid.as_str());
        if marked && lives(&key) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

async fn found(aws: &Aws, look: &Look, ask: &Ask<KmsKey>, key: &KeyMetadata) -> Result<Found<KmsKey>, CallError> {
    let outputs = outputs(aws, key);
    let id = outputs.key_id.as_str();
    let (policy, rotation, all) = futures::try_join!(
        async {
            let call = || aws.kms().get_key_policy().key_id(id).policy_name("default").send();
            aws.read("kms:GetKeyPolicy", call).await
        },
        async {
            let call = || aws.kms().get_key_rotation_status().key_id(id).send();
            aws.read("kms:GetKeyRotationStatus", call).await
        },
        aws.tags_of(look, &ask.identity, outputs.key_arn.as_str()),
    )?;
    let (description, mark) = unmarked(key.description().unwrap_or_default());
    let spec = KmsKey {
        description: description.to_owned(),
        policy: policy_of(aws, policy.policy().unwrap_or_default()),
        rotation_period_in_days: rotation
            .key_rotation_enabled()
            .then(|| rotation.rotation_period_in_days().and_then(|days| u32::try_from(days).ok()).unwrap_or(365)),
        deletion_window_in_days: ask.spec.deletion_window_in_days,
        enabled: matches!(key.key_state(), Some(KeyState::Enabled)),
        tags: auroractl_core::tags::user(&all),
    };
    let readiness = match key.key_state() {
        Some(KeyState::Creating | KeyState::Updating) => Readiness::Pending("creating".to_owned()),
        _ => Readiness::Ready,
    };
    // The mark proves ownership as the tag does, and is there at once.
    let owner = match Owner::of(&all) {
        Owner::Untagged if ask.outputs.is_none() => mark.map_or(Owner::Untagged, |oid| Owner::Oid(oid.to_owned())),
        owner => owner,
    };
    Ok(Found { readiness, ..Found::ready(spec, outputs, owner) })
}

async fn rotate(aws: &Aws, id: &str, days: Option<u32>) -> Result<(), CallError> {
    match days.and_then(|days| i32::try_from(days).ok()) {
        Some(days) => {
            let call = || aws.kms().enable_key_rotation().key_id(id).rotation_period_in_days(days).send();
            aws.write("kms:EnableKeyRotation", call).await.map(|_| ())
        }
        None => {
            let call = || aws.kms().disable_key_rotation().key_id(id).send();
            aws.write("kms:DisableKeyRotation", call).await.map(|_| ())
        }
    }
}

/// Takes back a scheduled deletion and enables the key.
async fn revive(aws: &Aws, id: &str) -> Result<(), CallError> {
    let call = || aws.kms().cancel_key_deletion().key_id(id).send();
    match aws.write("kms:CancelKeyDeletion", call).await {
        Err(error) if error.message.contains("not pending deletion") => {}
        result => drop(result?),
    }
    let call = || aws.kms().enable_key().key_id(id).send();
    aws.write("kms:EnableKey", call).await.map(|_| ())
}

async fn retag(aws: &Aws, id: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.set.is_empty() {
        let tags = tags::kms_map(&edit.set)?;
        let call = || aws.kms().tag_resource().key_id(id).set_tags(Some(tags.clone())).send();
        aws.write("kms:TagResource", call).await?;
    }
    if !edit.unset.is_empty() {
        let call = || aws.kms().untag_resource().key_id(id).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("kms:UntagResource", call).await?;
    }
    Ok(())
}

fn document(aws: &Aws, policy: &KeyPolicy) -> PolicyDocument {
    match policy {
        KeyPolicy::Document(document) => document.clone(),
        KeyPolicy::Standard => PolicyDocument::answered(&standard(aws.partition(), aws.account(), aws.region())),
    }
}

fn policy_of(aws: &Aws, text: &str) -> KeyPolicy {
    let document = PolicyDocument::answered(text);
    if document == self::document(aws, &KeyPolicy::Standard) { KeyPolicy::Standard } else { KeyPolicy::Document(document) }
}

/// The standard policy. The first statement keeps the account able to administer the key: without it, a mistake in the
/// others locks everybody out. The service statements are those of the CloudWatch and CloudWatch Logs user guides.
fn standard(partition: &str, account: &str, region: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Sid":"Account","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{account}:root"}},"Action":"kms:*","Resource":"*"}},
        {{"Sid":"Alarms","Effect":"Allow","Principal":{{"Service":"cloudwatch.amazonaws.com"}},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{{"StringEquals":{{"aws:SourceAccount":"{account}"}}}}}},
        {{"Sid":"Logs","Effect":"Allow","Principal":{{"Service":"logs.{region}.amazonaws.com"}},"Action":["kms:Decrypt*","kms:Describe*","kms:Encrypt*","kms:GenerateDataKey*","kms:ReEncrypt*"],"Resource":"*","Condition":{{"ArnLike":{{"kms:EncryptionContext:aws:logs:arn":"arn:{partition}:logs:{region}:{account}:*"}}}}}}
        ]}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_comes_off_as_it_went_on() {
        assert_eq!(unmarked(&marked("orders: data", "abc")), ("orders: data", Some("abc")));
        assert_eq!(unmarked(&marked("", "abc")), ("", Some("abc")));
        assert_eq!(unmarked("somebody's [key]"), ("somebody's [key]", None));
    }

    #[test]
    fn the_standard_policy_keeps_the_account_in() {
        let policy = standard("aws", "123456789012", "eu-west-1");
        let document: PolicyDocument = PolicyDocument::parse(&policy).unwrap();
        assert!(document.as_str().contains("arn:aws:iam::123456789012:root"));
    }
}
