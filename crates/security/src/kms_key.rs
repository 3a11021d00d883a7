//! The customer-managed KMS key. Class C, and the hardest create to find again: no name, no token, no tag filter. So
//! the oid stands in the description too, which `DescribeKey` returns and the tag index does not delay.

use crate::key_policy::KeyPolicy;
use crate::key_users;
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::diff::Context;
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusOutput;
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

const IN_PLACE: Impact = Impact::new(Level::None, DOC);
/// RDS stops a cluster whose key it can't use: `inaccessible-encryption-credentials-recoverable`.
const KEY_OFF: Impact = Impact::new(Level::WriteOutage, ENCRYPTION);
const DOC: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/editing-keys.html";
const ENCRYPTION: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html";
/// The only name that a key policy can have.
const POLICY_NAME: &str = "default";
/// A search looks at so many keys at a time.
const AT_ONCE: usize = 16;
/// Bounds of what AWS takes as days until a deletion.
const WINDOW: (u32, u32) = (7, 30);

/// A symmetric key for encryption, as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What it is for; the oid is appended to it at AWS.
    pub description: String,
    /// Who may use it.
    pub policy: KeyPolicy,
    /// Days between rotations of the key material, 90 to 2560; `None` leaves rotation as it is.
    pub rotation_period_in_days: Option<u32>,
    /// Days between asking for the deletion and the deletion, 7 to 30. AWS takes it with the deletion only.
    pub deletion_window_in_days: u32,
    /// It may be used. A key that is disabled or scheduled for deletion is not: its data is out of reach.
    pub enabled: bool,
    /// The user's tags.
    pub tags: Tags,
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
    const TIMING: Timing = Timing { timeout: 600.0, horizon: 600.0, stable: 1, delay: 0.0 };
    type Outputs = KmsKeyOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { description, policy, rotation_period_in_days, deletion_window_in_days, enabled, tags } = new;
        d.field("description", &old.description, description, IN_PLACE)
            .field("policy", &old.policy, policy, IN_PLACE)
            .managed("rotation_period_in_days", &old.rotation_period_in_days, rotation_period_in_days, IN_PLACE)
            .field("deletion_window_in_days", &old.deletion_window_in_days, deletion_window_in_days, IN_PLACE)
            .field("enabled", &old.enabled, enabled, enabled_impact)
            .tags(&old.tags, tags);
    }
}

fn enabled_impact(_: &bool, on: &bool, _: &Context<'_>) -> Impact {
    if *on { IN_PLACE } else { KEY_OFF }
}

impl Resource<Aws> for KmsKey {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (tagged, policy) = (tags::kms(me, &spec.tags)?, spec.policy.document(aws));
        let description = marked(&spec.description, &me.oid);
        let call = || {
            let create = aws.kms().create_key().description(&description).policy(policy.as_str());
            create.set_tags(Some(tagged.clone())).send()
        };
        let made = aws.write("kms:CreateKey", call).await?;
        let key = made.key_metadata().ok_or_else(|| CallError::missing("kms:CreateKey", "KeyMetadata"))?;
        rotate(aws, key.key_id(), spec.rotation_period_in_days).await.map_err(CallError::half_done)?;
        if !spec.enabled {
            disable(aws, key.key_id()).await.map_err(CallError::half_done)?;
        }
        Ok(Done::pending(outputs(aws, key)))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.key_id.as_str();
        // First, since AWS refuses every other edit of a key that waits for its deletion.
        if !from.spec.enabled && to.enabled {
            revive(aws, id).await?;
        }
        if from.spec.description != to.description {
            let description = marked(&to.description, &me.oid);
            let call = || aws.kms().update_key_description().key_id(id).description(&description).send();
            aws.write("kms:UpdateKeyDescription", call).await?;
        }
        if from.spec.policy != to.policy {
            let policy = to.policy.document(aws);
            let call = || aws.kms().put_key_policy().key_id(id).policy_name(POLICY_NAME).policy(policy.as_str()).send();
            aws.write("kms:PutKeyPolicy", call).await?;
        }
        if from.spec.rotation_period_in_days != to.rotation_period_in_days {
            rotate(aws, id, to.rotation_period_in_days).await?;
        }
        retag(aws, id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        if from.spec.enabled && !to.enabled {
            disable(aws, id).await?;
        }
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.key_id.as_str();
        // A snapshot, a cluster or a log group may have come since the plan was made.
        if let Some(what) = key_users::now(aws, past.outputs.key_arn.as_str()).await? {
            let why = format!("{what} needs the key, and would be unreadable without it: it was left alone");
            return Err(CallError::new("kms:ScheduleKeyDeletion", Class::InUse, why));
        }
        let days = days(past.spec.deletion_window_in_days.clamp(WINDOW.0, WINDOW.1));
        let call = || aws.kms().schedule_key_deletion().key_id(id).pending_window_in_days(days).send();
        // A key that is scheduled already counts as gone.
        aws.remove("kms:ScheduleKeyDeletion", call).await.ending(Ending::Gone)
    }

    async fn needed(
        aws: &Aws,
        outputs: &KmsKeyOutputs,
        leaving: &BTreeSet<String>,
    ) -> Result<Option<String>, CallError> {
        key_users::afterwards(aws, outputs.key_arn.as_str(), leaving).await
    }
}

/// The oid at the end of a description.
fn marked(description: &str, oid: &str) -> String {
    format!("{description} [auroractl:{oid}]").trim_start().to_owned()
}

/// Description and oid.
fn unmarked(text: &str) -> (&str, Option<&str>) {
    let split =
        text.rsplit_once("[auroractl:").and_then(|(front, mark)| Some((front.trim_end(), mark.strip_suffix(']')?)));
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
    let Some(key) = key else { return Ok(Seen::Absent) };
    let outputs = outputs(aws, &key);
    if !look.compares() {
        let spec = KmsKey { enabled: enabled(&key), ..ask.spec.clone() };
        let owner = Owner::Oid(ask.identity.oid.clone());
        return Ok(Found { readiness: readiness(&key), ..Found::ready(spec, outputs, owner) }.into());
    }
    let id = outputs.key_id.as_str();
    let (policy, rotation, tags) = futures::try_join!(
        async {
            let call = || aws.kms().get_key_policy().key_id(id).policy_name(POLICY_NAME).send();
            aws.read("kms:GetKeyPolicy", call).await.gone_is_fine()
        },
        async {
            let call = || aws.kms().get_key_rotation_status().key_id(id).send();
            aws.read("kms:GetKeyRotationStatus", call).await.gone_is_fine()
        },
        async {
            aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), outputs.key_arn.as_str()).await.gone_is_fine()
        },
    )?;
    // Right after its create, one of KMS's hosts may know a key that another does not.
    let (Some(policy), Some(rotation), Some(tags)) = (policy, rotation, tags) else { return Ok(Seen::Absent) };
    let spec = spec(&key, ask, KeyPolicy::answered(aws, policy_text(&policy)), &rotation);
    let owner = owner(&key, ask, &tags);
    let spec = KmsKey { tags: auroractl_core::tags::user(&tags), ..spec };
    Ok(Found { readiness: readiness(&key), ..Found::ready(spec, outputs, owner) }.into())
}

fn policy_text(answer: &GetKeyPolicyOutput) -> &str {
    answer.policy().unwrap_or_default()
}

/// The spec without tags.
fn spec(key: &KeyMetadata, ask: &Ask<KmsKey>, policy: KeyPolicy, rotation: &GetKeyRotationStatusOutput) -> KmsKey {
    KmsKey {
        description: unmarked(key.description().unwrap_or_default()).0.to_owned(),
        policy,
        rotation_period_in_days: rotation
            .key_rotation_enabled()
            .then(|| rotation.rotation_period_in_days().and_then(|days| u32::try_from(days).ok()).unwrap_or(365)),
        // AWS has nothing to compare it with before the deletion: what was last wanted stands.
        deletion_window_in_days: ask.spec.deletion_window_in_days,
        enabled: enabled(key),
        tags: Tags::new(),
    }
}

fn enabled(key: &KeyMetadata) -> bool {
    matches!(key.key_state(), Some(KeyState::Creating | KeyState::Updating | KeyState::Enabled))
}

fn readiness(key: &KeyMetadata) -> Readiness {
    match key.key_state() {
        Some(state @ (KeyState::Creating | KeyState::Updating)) => Readiness::Pending(state.as_str().to_owned()),
        _ => Readiness::Ready,
    }
}

/// In a search the mark proves ownership as the tag does. A recorded key whose tag was stripped gets it back.
fn owner(key: &KeyMetadata, ask: &Ask<KmsKey>, tags: &tags::Map) -> Owner {
    let mark = unmarked(key.description().unwrap_or_default()).1.filter(|_| ask.outputs.is_none());
    match (Owner::of(tags), mark) {
        (Owner::Untagged, Some(oid)) => Owner::Oid(oid.to_owned()),
        (owner, _) => owner,
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
/// There is no query for either. Of several the oldest counts.
async fn search(aws: &Aws, look: &Look, me: &Identity) -> Result<Option<KeyMetadata>, CallError> {
    let mut mine = tagged(aws, look, me).await?;
    if mine.is_empty() {
        mine = noted(aws, look, me).await?;
    }
    Ok(oldest(mine))
}

/// Keys that the tag index knows.
async fn tagged(aws: &Aws, look: &Look, me: &Identity) -> Result<Vec<KeyMetadata>, CallError> {
    let all = match aws.owned(&me.stack.name).await {
        Err(error) if error.class == Class::Credentials => return Err(error),
        // Not everybody may use the index.
        all => all.unwrap_or_default(),
    };
    let mine = all
        .iter()
        .filter(|object| object.arn.contains(":key/") && object.tags.get(auroractl_core::tags::ID) == Some(&me.oid));
    let keys = try_join_all(mine.map(|object| describe(aws, look, &object.arn))).await?;
    Ok(keys.into_iter().flatten().filter(lives).collect())
}

/// Keys that carry the mark.
async fn noted(aws: &Aws, look: &Look, me: &Identity) -> Result<Vec<KeyMetadata>, CallError> {
    let call = || {
        let pages = aws.kms().list_keys().limit(1000).into_paginator().items();
        async move { pages.send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = aws.read("kms:ListKeys", call).await?;
    let mut mine = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let keys = some.iter().map(|entry| visible(aws, look, entry.key_id().unwrap_or_default()));
        let marked = |key: &KeyMetadata| unmarked(key.description().unwrap_or_default()).1 == Some(me.oid.as_str());
        mine.extend(try_join_all(keys).await?.into_iter().flatten().filter(|key| marked(key) && lives(key)));
    }
    Ok(mine)
}

/// A key, unless its own policy hides it from the caller: ours never does.
async fn visible(aws: &Aws, look: &Look, id: &str) -> Result<Option<KeyMetadata>, CallError> {
    match describe(aws, look, id).await {
        Err(error) if error.class == Class::Denied && error.message.contains("resource-based polic") => Ok(None),
        other => other,
    }
}

/// A key that is scheduled for deletion is no key to a search: its address was given up.
fn lives(key: &KeyMetadata) -> bool {
    !matches!(key.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

fn oldest(keys: Vec<KeyMetadata>) -> Option<KeyMetadata> {
    let born = |key: &KeyMetadata| key.creation_date().map(|date| (date.secs(), date.subsec_nanos()));
    keys.into_iter().min_by_key(born)
}

/// As AWS takes days. A number that does not fit is left for AWS to refuse.
fn days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

async fn rotate(aws: &Aws, id: &str, period: Option<u32>) -> Result<(), CallError> {
    let Some(period) = period.map(days) else { return Ok(()) };
    let call = || aws.kms().enable_key_rotation().key_id(id).rotation_period_in_days(period).send();
    aws.write("kms:EnableKeyRotation", call).await.map(|_| ())
}

/// Takes back a scheduled deletion and enables the key.
async fn revive(aws: &Aws, id: &str) -> Result<(), CallError> {
    let call = || aws.kms().cancel_key_deletion().key_id(id).send();
    match aws.write("kms:CancelKeyDeletion", call).await {
        // It was disabled only.
        Err(error) if error.message.contains("not pending deletion") => {}
        result => drop(result?),
    }
    let call = || aws.kms().enable_key().key_id(id).send();
    aws.write("kms:EnableKey", call).await.map(|_| ())
}

async fn disable(aws: &Aws, id: &str) -> Result<(), CallError> {
    let call = || aws.kms().disable_key().key_id(id).send();
    aws.write("kms:DisableKey", call).await.map(|_| ())
}

async fn retag(aws: &Aws, id: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call = || aws.kms().untag_resource().key_id(id).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("kms:UntagResource", call).await?;
    }
    if !edit.set.is_empty() {
        let tags = tags::kms_map(&edit.set)?;
        let call = || aws.kms().tag_resource().key_id(id).set_tags(Some(tags.clone())).send();
        aws.write("kms:TagResource", call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};
    use aws_sdk_kms::primitives::DateTime;

    fn wanted() -> KmsKey {
        KmsKey {
            description: "orders: data".to_owned(),
            policy: KeyPolicy::Standard,
            rotation_period_in_days: Some(365),
            deletion_window_in_days: 30,
            enabled: true,
            tags: Tags::new(),
        }
    }

    fn ask(outputs: bool) -> Ask<KmsKey> {
        let outputs = outputs.then(|| KmsKeyOutputs { key_id: "k".to_owned(), key_arn: "arn".into() });
        Ask { identity: identity("kms_key.main"), spec: wanted(), outputs }
    }

    fn key(state: KeyState, description: &str) -> KeyMetadata {
        KeyMetadata::builder().key_id("k").key_state(state).description(description).build().unwrap()
    }

    fn rotation(days: Option<i32>) -> GetKeyRotationStatusOutput {
        GetKeyRotationStatusOutput::builder()
            .key_rotation_enabled(days.is_some())
            .set_rotation_period_in_days(days)
            .build()
    }

    #[test]
    fn the_mark_comes_off_as_it_went_on() {
        assert_eq!(unmarked(&marked("orders: data", "abc")), ("orders: data", Some("abc")));
        assert_eq!(unmarked(&marked("", "abc")), ("", Some("abc")));
        assert_eq!(unmarked("somebody's [key]"), ("somebody's [key]", None));
    }

    #[test]
    fn an_unchanged_key_equals_what_the_stack_wants() {
        let raw = key(KeyState::Enabled, "orders: data [auroractl:abc]");
        assert_eq!(spec(&raw, &ask(true), KeyPolicy::Standard, &rotation(Some(365))), wanted());
        assert_eq!(readiness(&raw), Readiness::Ready);
        assert_eq!(readiness(&key(KeyState::Creating, "")), Readiness::Pending("Creating".to_owned()));
    }

    #[test]
    fn a_key_that_waits_for_its_deletion_is_revived() {
        let raw = key(KeyState::PendingDeletion, "orders: data [auroractl:abc]");
        let seen = spec(&raw, &ask(true), KeyPolicy::Standard, &rotation(None));
        let repairs = ["rotation_period_in_days", "enabled"].map(|path| (path.to_owned(), Level::None));
        assert_eq!(changes(&seen, &wanted()), repairs);
        assert!(!lives(&raw), "a search takes none");
    }

    #[test]
    fn only_a_search_trusts_the_mark() {
        let raw = key(KeyState::Enabled, "x [auroractl:abc]");
        let tagged = tags::Map::from([(auroractl_core::tags::ID.to_owned(), "tag".to_owned())]);
        assert_eq!(owner(&raw, &ask(false), &tags::Map::new()), Owner::Oid("abc".to_owned()));
        assert_eq!(owner(&raw, &ask(true), &tags::Map::new()), Owner::Untagged);
        assert_eq!(owner(&raw, &ask(false), &tagged), Owner::Partial("tag".to_owned()));
    }

    #[test]
    fn of_several_the_oldest_counts() {
        let born = |secs| {
            let builder = KeyMetadata::builder().key_id(format!("k{secs}"));
            builder.creation_date(DateTime::from_secs(secs)).build().unwrap()
        };
        assert_eq!(oldest(vec![born(3), born(1), born(2)]).unwrap().key_id(), "k1");
        assert_eq!(oldest(Vec::new()), None);
    }

    #[test]
    fn grades() {
        let document = auroractl_aws::PolicyDocument::answered("{}");
        let edits = [
            ("description", Level::None, KmsKey { description: "x".to_owned(), ..wanted() }),
            ("policy", Level::None, KmsKey { policy: KeyPolicy::Document(document), ..wanted() }),
            ("rotation_period_in_days", Level::None, KmsKey { rotation_period_in_days: Some(90), ..wanted() }),
            ("deletion_window_in_days", Level::None, KmsKey { deletion_window_in_days: 7, ..wanted() }),
            ("enabled", Level::WriteOutage, KmsKey { enabled: false, ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
        assert_eq!(changes(&wanted(), &KmsKey { rotation_period_in_days: None, ..wanted() }), []);
    }
}
