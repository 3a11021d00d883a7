//! The name of a key. Class A; aliases have no tags: an alias belongs to whoever owns the key that it points to.

use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Naming, Owner};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_kms::types::AliasListEntry;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
        d.field("alias_name", &old.alias_name, alias_name, Impact::REPLACE)
            .field("target_key_arn", &old.target_key_arn, target_key_arn, Impact::NONE);
    }
}

impl Resource<Aws> for KmsAlias {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let all = aliases(aws, look).await?;
        Ok(asks.iter().map(|ask| seen(aws, &all, ask)).collect())
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let target = spec.target_key_arn.get()?;
        let call = || aws.kms().create_alias().alias_name(&spec.alias_name).target_key_id(target.as_str()).send();
        aws.write("kms:CreateAlias", call).await?;
        Ok(Done::ready(KmsAliasOutputs { alias_name: spec.alias_name.clone() }))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let (name, target) = (from.outputs.alias_name.as_str(), to.target_key_arn.get()?);
        let call = || aws.kms().update_alias().alias_name(name).target_key_id(target.as_str()).send();
        aws.write("kms:UpdateAlias", call).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.kms().delete_alias().alias_name(&past.outputs.alias_name).send();
        aws.remove("kms:DeleteAlias", call).await.gone_is_fine()?;
        Ok(Ending::Gone)
    }
}

/// All aliases of the region: there is no call for one.
async fn aliases(aws: &Aws, look: &Look) -> Result<Arc<Vec<AliasListEntry>>, CallError> {
    let query = format!("kms:ListAliases {}", aws.region());
    look.once(&query, async {
        let call = || {
            let pages = aws.kms().list_aliases().into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        aws.read("kms:ListAliases", call).await
    })
    .await
}

fn seen(aws: &Aws, all: &[AliasListEntry], ask: &Ask<KmsAlias>) -> Seen<KmsAlias> {
    let name = ask.outputs.as_ref().map_or(&ask.spec.alias_name, |outputs| &outputs.alias_name);
    let Some(entry) = all.iter().find(|entry| entry.alias_name() == Some(name)) else { return Seen::Absent };
    let target = entry.target_key_id().unwrap_or_default();
    // AWS answers with the bare id, whatever was sent.
    let arn = if target.starts_with("arn:") { target.to_owned() } else { aws.arn("kms", &format!("key/{target}")) };
    let ours = ask.outputs.is_some() || ask.spec.target_key_arn.known().is_some_and(|key| key.as_str() == arn);
    let owner = if ours { Owner::Inherited } else { Owner::Untagged };
    let spec = KmsAlias { alias_name: name.clone(), target_key_arn: Input::Value(arn.into()) };
    Found::ready(spec, KmsAliasOutputs { alias_name: name.clone() }, owner).into()
}
