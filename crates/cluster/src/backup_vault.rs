//! A vault of AWS Backup: where recovery points are kept, apart from the cluster and from who may delete it. Class A.
//!
//! A vault that holds recovery points is never deleted, by AWS's rule and ours: what no longer wants it forgets it.
//! That one is missing is told from the list of vaults, since a look at one that is not there is answered with "denied".

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{BackupVaultName, KmsKeyArn};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_backup::types::{BackupVaultListMember as Raw, VaultState};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

const DOC: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-backup-backupvault.html";
/// What is in the vault stays in it.
const FIXED: Impact = Impact::impossible(
    DOC,
    "put the old value back; or drop the vault from the state with `auroractl state rm` and let a new one be made beside it",
    &[],
);

/// A vault as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupVault {
    /// Its name, which people look for when they need it.
    pub backup_vault_name: String,
    /// The key of what AWS Backup itself encrypts in it. Recovery points of Aurora keep the cluster's key.
    pub encryption_key_arn: Input<KmsKeyArn>,
    /// The user's tags.
    pub tags: Tags,
}

/// What a vault exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackupVaultOutputs {
    /// Its name.
    pub backup_vault_name: BackupVaultName,
}

impl Exports<BackupVaultName> for BackupVault {
    const OUTPUT: &'static str = "backup_vault_name";
}

impl Model for BackupVault {
    const KIND: &'static str = "backup_vault";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 120.0, ..Timing::instant(120.0) };
    type Outputs = BackupVaultOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.backup_vault_name.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { backup_vault_name, encryption_key_arn, tags } = new;
        d.field("backup_vault_name", &old.backup_vault_name, backup_vault_name, FIXED)
            .field("encryption_key_arn", &old.encryption_key_arn, encryption_key_arn, FIXED)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for BackupVault {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let all = vaults(aws, look).await?;
        try_join_all(asks.iter().map(|ask| see(aws, look, &all, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (name, key) = (spec.backup_vault_name.as_str(), spec.encryption_key_arn.get()?.as_str());
        let tagged: HashMap<String, String> = me.with_tags(&spec.tags).into_iter().collect();
        let call = || {
            let request = aws.backup().create_backup_vault().backup_vault_name(name).encryption_key_arn(key);
            request.creator_request_id(me.token()).set_backup_vault_tags(Some(tagged.clone())).send()
        };
        aws.write("backup:CreateBackupVault", call).await?;
        Ok(Done::pending(BackupVaultOutputs { backup_vault_name: name.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_backup(&arn(aws, from.outputs.backup_vault_name.as_str()), &edit).await?;
        Ok(Done { ready: from.readiness == Readiness::Ready, ..Done::ready(from.outputs.clone()) })
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let name = past.outputs.backup_vault_name.as_str();
        let call = || aws.backup().delete_backup_vault().backup_vault_name(name).send();
        let deleted = aws.remove("backup:DeleteBackupVault", call).await.ending(Ending::Gone);
        deleted.map_err(|error| with_way_out(error, name))
    }

    /// Recovery points are what is left when all else is gone: a vault that holds any stays.
    async fn needed(
        aws: &Aws,
        outputs: &BackupVaultOutputs,
        _: &BTreeSet<String>,
    ) -> Result<Option<String>, CallError> {
        let all = vaults(aws, &Look::new()).await?;
        let is = |raw: &&Raw| raw.backup_vault_name() == Some(outputs.backup_vault_name.as_str());
        Ok(all.iter().find(is).and_then(holds))
    }
}

/// How many recovery points a vault holds, in words; `None` when it is empty.
fn holds(raw: &Raw) -> Option<String> {
    match raw.number_of_recovery_points() {
        0 => None,
        1 => Some("what it holds (1 recovery point)".to_owned()),
        many => Some(format!("what it holds ({many} recovery points)")),
    }
}

/// AWS says that the vault is not empty, and not what to do about it.
fn with_way_out(error: CallError, vault: &str) -> CallError {
    if error.code.as_deref() != Some("InvalidRequestException") {
        return error;
    }
    let message = format!(
        "{}; `aws backup list-recovery-points-by-backup-vault --backup-vault-name {vault}` lists what it holds: delete those \
         first if nobody needs them, or keep the vault with `auroractl state rm`",
        error.message.trim_end_matches('.')
    );
    CallError { class: Class::Conflict, message, ..error }
}

fn arn(aws: &Aws, name: &str) -> String {
    aws.arn("backup", &format!("backup-vault:{name}"))
}

/// All vaults of the account and region.
async fn vaults(aws: &Aws, look: &Look) -> Result<Arc<Vec<Raw>>, CallError> {
    look.once(&format!("backup:ListBackupVaults {}", aws.region()), async {
        let call = || {
            let pages = aws.backup().list_backup_vaults().into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        aws.read("backup:ListBackupVaults", call).await
    })
    .await
}

async fn see(aws: &Aws, look: &Look, all: &[Raw], ask: &Ask<BackupVault>) -> Result<Seen<BackupVault>, CallError> {
    let recorded = ask.outputs.as_ref().map(|outputs| outputs.backup_vault_name.as_str());
    let name = recorded.unwrap_or(&ask.spec.backup_vault_name);
    let Some(raw) = all.iter().find(|raw| raw.backup_vault_name() == Some(name)) else { return Ok(Seen::Absent) };
    let tags = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &arn(aws, name)).await?;
    Ok(found(raw, &tags).into())
}

fn found(raw: &Raw, all: &tags::Map) -> Found<BackupVault> {
    let name = raw.backup_vault_name().unwrap_or_default();
    let spec = BackupVault {
        backup_vault_name: name.to_owned(),
        encryption_key_arn: Input::Value(raw.encryption_key_arn().unwrap_or_default().into()),
        tags: auroractl_core::tags::user(all),
    };
    let readiness = match raw.vault_state() {
        None | Some(VaultState::Available) => Readiness::Ready,
        Some(VaultState::Failed) => Readiness::Failed("failed".to_owned()),
        Some(state) => Readiness::Pending(state.as_str().to_owned()),
    };
    Found { readiness, ..Found::ready(spec, BackupVaultOutputs { backup_vault_name: name.into() }, Owner::of(all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use auroractl_core::Level;

    fn wanted() -> BackupVault {
        BackupVault {
            backup_vault_name: "orders-backups".to_owned(),
            encryption_key_arn: Input::Value("arn:key".into()),
            tags: Tags::new(),
        }
    }

    #[test]
    fn an_unchanged_vault_equals_what_the_stack_wants() {
        let raw = Raw::builder().backup_vault_name("orders-backups").encryption_key_arn("arn:key");
        let state = |state| found(&raw.clone().set_vault_state(state).build(), &tags::Map::new());
        assert_eq!((state(None).spec, state(None).readiness), (wanted(), Readiness::Ready));
        assert_eq!(state(Some(VaultState::Creating)).readiness, Readiness::Pending("CREATING".to_owned()));
        assert_eq!(state(Some(VaultState::Failed)).readiness, Readiness::Failed("failed".to_owned()));
    }

    #[test]
    fn an_empty_vault_is_needed_by_nothing() {
        let vault = |count| Raw::builder().number_of_recovery_points(count).build();
        assert_eq!(
            [0, 1, 7].map(|count| holds(&vault(count))),
            [
                None,
                Some("what it holds (1 recovery point)".to_owned()),
                Some("what it holds (7 recovery points)".to_owned())
            ]
        );
    }

    #[test]
    fn a_vault_that_is_not_empty_names_the_ways_out() {
        let refused = |code: &str| CallError {
            code: Some(code.to_owned()),
            ..CallError::new("backup:DeleteBackupVault", Class::Invalid, "it contains recovery points.")
        };
        let error = with_way_out(refused("InvalidRequestException"), "orders-backups");
        assert_eq!(error.class, Class::Conflict);
        assert!(error.message.starts_with("it contains recovery points; `aws backup list-"), "{error}");
        assert_eq!(with_way_out(refused("Other"), "v"), refused("Other"));
    }

    #[test]
    fn nothing_that_would_lose_what_it_holds_is_edited() {
        let edits = [
            ("backup_vault_name", BackupVault { backup_vault_name: "x".to_owned(), ..wanted() }),
            ("encryption_key_arn", BackupVault { encryption_key_arn: Input::Value("arn:other".into()), ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::Impossible)]);
        }
    }
}
