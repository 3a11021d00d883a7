//! The name of a key. Class A; aliases have no tags: an alias belongs to whoever owns the key that it points to.
//!
//! `UpdateAlias` takes over anybody's alias without a word. So one that points to a key of another stack, or of nobody,
//! is a stranger's, even where it once was ours.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::tags::{LINEAGE, STACK};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_kms::types::AliasListEntry;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const RENAMED: Impact = Impact::new(Level::Replace, DOC);
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/alias-manage.html";
/// Most aliases that a page can have.
const PAGE: i32 = 100;

/// An alias as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsAlias {
    /// `alias/…`.
    pub alias_name: String,
    /// The key that it points to.
    pub target_key_arn: Input<KmsKeyArn>,
}

/// What an alias exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KmsAliasOutputs {
    /// Its name.
    pub alias_name: String,
}

impl Model for KmsAlias {
    const KIND: &'static str = "kms_alias";
    const GROUP: Group = Group::Security;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing::instant(600.0);
    type Outputs = KmsAliasOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.alias_name.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { alias_name, target_key_arn } = new;
        d.field("alias_name", &old.alias_name, alias_name, RENAMED).field(
            "target_key_arn",
            &old.target_key_arn,
            target_key_arn,
            IN_PLACE,
        );
    }
}

impl Resource<Aws> for KmsAlias {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let target = spec.target_key_arn.get()?;
        let call = || aws.kms().create_alias().alias_name(&spec.alias_name).target_key_id(target.as_str()).send();
        aws.write("kms:CreateAlias", call).await?;
        Ok(Done::ready(KmsAliasOutputs { alias_name: spec.alias_name.clone() }))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        if from.spec.target_key_arn != to.target_key_arn {
            let (name, target) = (from.outputs.alias_name.as_str(), to.target_key_arn.get()?);
            let call = || aws.kms().update_alias().alias_name(name).target_key_id(target.as_str()).send();
            aws.write("kms:UpdateAlias", call).await?;
        }
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.kms().delete_alias().alias_name(&past.outputs.alias_name).send();
        aws.remove("kms:DeleteAlias", call).await.ending(Ending::Gone)
    }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<KmsAlias>) -> Result<Seen<KmsAlias>, CallError> {
    let name = ask.outputs.as_ref().map_or(&ask.spec.alias_name, |outputs| &outputs.alias_name);
    let Some(entry) = entry(aws, look, ask, name).await? else { return Ok(Seen::Absent) };
    let arn = key_arn(entry.target_key_id().unwrap_or_default(), |id| aws.arn("kms", &format!("key/{id}")));
    let owner = owner(aws, look, ask, &arn).await?;
    let spec = KmsAlias { alias_name: name.clone(), target_key_arn: Input::Value(arn.into()) };
    Ok(Found::ready(spec, KmsAliasOutputs { alias_name: name.clone() }, owner).into())
}

/// AWS answers with the bare id, whatever was sent.
fn key_arn(target: &str, arn: impl Fn(&str) -> String) -> String {
    if target.starts_with("arn:") { target.to_owned() } else { arn(target) }
}

/// The alias: among those of its key, which are few, or else among all. There is no call for one.
async fn entry(aws: &Aws, look: &Look, ask: &Ask<KmsAlias>, name: &str) -> Result<Option<AliasListEntry>, CallError> {
    let named = |all: &[AliasListEntry]| all.iter().find(|entry| entry.alias_name() == Some(name)).cloned();
    if let Some(key) = ask.spec.target_key_arn.known()
        && let Some(entry) = named(&aliases(aws, look, Some(key)).await?)
    {
        return Ok(Some(entry));
    }
    Ok(named(&aliases(aws, look, None).await?))
}

/// The aliases of a key, or of the region.
async fn aliases(aws: &Aws, look: &Look, key: Option<&KmsKeyArn>) -> Result<Arc<Vec<AliasListEntry>>, CallError> {
    let query = format!("kms:ListAliases {} {}", aws.region(), key.map_or("", KmsKeyArn::as_str));
    look.once(&query, async {
        let call = || {
            let list = aws.kms().list_aliases().set_key_id(key.map(ToString::to_string)).limit(PAGE);
            let pages = list.into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        Ok(aws.read("kms:ListAliases", call).await.gone_is_fine()?.unwrap_or_default())
    })
    .await
}

/// Whose the alias is: whoever owns the key.
async fn owner(aws: &Aws, look: &Look, ask: &Ask<KmsAlias>, key: &str) -> Result<Owner, CallError> {
    if ask.spec.target_key_arn.known().is_some_and(|wanted| wanted.as_str() == key) {
        return Ok(Owner::Inherited);
    }
    let tags = match aws.tags_of(look, (&ask.identity, None), key).await.gone_is_fine() {
        // A key that hides its tags from us is none of ours.
        Err(error) if error.class == Class::Denied => None,
        other => other?,
    };
    Ok(by_key(&ask.identity, ask.outputs.is_some(), key, &tags.unwrap_or_default()))
}

/// Whose an alias is, by the tags of its key. A recorded alias that points to an untagged key is not one of ours that
/// lost its tags, so the key itself stands for the stranger.
fn by_key(me: &Identity, recorded: bool, key: &str, tags: &tags::Map) -> Owner {
    if tags.get(STACK) == Some(&me.stack.name) && tags.get(LINEAGE) == Some(&me.lineage) {
        return Owner::Inherited;
    }
    match Owner::of(tags) {
        Owner::Untagged if recorded => Owner::Oid(key.to_owned()),
        owner => owner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{changes, identity};

    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/k";

    fn wanted() -> KmsAlias {
        KmsAlias { alias_name: "alias/orders".to_owned(), target_key_arn: Input::Value(KEY.into()) }
    }

    #[test]
    fn the_key_is_told_by_arn() {
        let arn = |id: &str| format!("arn:aws:kms:us-east-1:123456789012:key/{id}");
        assert_eq!(key_arn("k", arn), KEY);
        assert_eq!(key_arn(KEY, arn), KEY);
    }

    #[test]
    fn an_alias_belongs_to_whoever_owns_its_key() {
        let me = identity("kms_alias.main");
        let sister = identity("kms_key.other").ownership();
        assert_eq!(by_key(&me, true, KEY, &sister), Owner::Inherited);
        assert_eq!(by_key(&me, false, KEY, &sister), Owner::Inherited, "a second key of ours, after a lost journal");
        assert_eq!(by_key(&me, false, KEY, &tags::Map::new()), Owner::Untagged);
        assert_eq!(by_key(&me, true, KEY, &tags::Map::new()), Owner::Oid(KEY.to_owned()), "never taken back by force");
        let mut foreign = sister;
        foreign.insert(LINEAGE.to_owned(), "another".to_owned());
        assert!(matches!(by_key(&me, true, KEY, &foreign), Owner::Oid(oid) if oid != me.oid));
    }

    #[test]
    fn grades() {
        let edits = [
            ("alias_name", Level::Replace, KmsAlias { alias_name: "alias/x".to_owned(), ..wanted() }),
            ("target_key_arn", Level::None, KmsAlias { target_key_arn: Input::Value("x".into()), ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
    }
}
