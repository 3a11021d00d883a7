//! What a plan of AWS Backup backs up: the cluster, by its ARN, as a role that may. Class B: its create takes a token that AWS
//! keeps with the selection; it has no tags, and AWS edits nothing of it.
//!
//! An ARN of a cluster may be RDS's or Aurora's: AWS Backup takes it only where the account has opted in to Aurora in this
//! region ([`crate::live::opted_in`]).

use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{BackupPlanId, BackupSelectionId, ClusterId, RoleArn};
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_backup::types::{BackupSelection as Raw, BackupSelectionsListMember as Listed};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const CREATE_ONLY: Impact = Impact::new(
    Level::Replace,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-backup-backupselection.html",
);
/// The resource of a cluster's ARN begins so.
const CLUSTER: &str = "cluster:";

/// A selection as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSelection {
    /// The plan.
    pub backup_plan_id: Input<BackupPlanId>,
    /// The role that backs up.
    pub iam_role_arn: Input<RoleArn>,
    /// The cluster that is backed up, and nothing else.
    pub db_cluster_identifier: Input<ClusterId>,
}

/// What is needed to find a selection again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackupSelectionOutputs {
    /// Its plan.
    pub backup_plan_id: BackupPlanId,
    /// Its id within the plan.
    pub selection_id: BackupSelectionId,
}

impl Model for BackupSelection {
    const KIND: &'static str = "backup_selection";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Token;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = BackupSelectionOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(50))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { backup_plan_id, iam_role_arn, db_cluster_identifier } = new;
        d.field("backup_plan_id", &old.backup_plan_id, backup_plan_id, CREATE_ONLY)
            .field("iam_role_arn", &old.iam_role_arn, iam_role_arn, CREATE_ONLY)
            .field("db_cluster_identifier", &old.db_cluster_identifier, db_cluster_identifier, CREATE_ONLY);
    }
}

impl Resource<Aws> for BackupSelection {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        const CALL: &str = "backup:CreateBackupSelection";
        let plan = spec.backup_plan_id.get()?.clone();
        let cluster = aws.arn("rds", &format!("{CLUSTER}{}", spec.db_cluster_identifier.get()?));
        let selection = Raw::builder().selection_name(&me.name).iam_role_arn(spec.iam_role_arn.get()?.as_str());
        let selection = selection.resources(cluster).build();
        let selection = selection.map_err(|why| CallError::new(CALL, Class::Invalid, why.to_string()))?;
        let call = || {
            let request = aws.backup().create_backup_selection().backup_plan_id(plan.as_str());
            request.backup_selection(selection.clone()).creator_request_id(me.token()).send()
        };
        let made = aws.write(CALL, call).await?;
        let id = made.selection_id().ok_or_else(|| CallError::missing(CALL, "SelectionId"))?;
        Ok(Done::ready(BackupSelectionOutputs { backup_plan_id: plan, selection_id: id.into() }))
    }

    async fn update(_: &Aws, _: &Identity, from: &Found<Self>, _: &Self) -> Result<Done<Self>, CallError> {
        // Every field is create-only: there is nothing to edit in place.
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let BackupSelectionOutputs { backup_plan_id, selection_id } = &past.outputs;
        let call = || {
            let request = aws.backup().delete_backup_selection().backup_plan_id(backup_plan_id.as_str());
            request.selection_id(selection_id.as_str()).send()
        };
        aws.remove("backup:DeleteBackupSelection", call).await.ending(Ending::Gone)
    }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<BackupSelection>) -> Result<Seen<BackupSelection>, CallError> {
    let outputs = match (&ask.outputs, ask.spec.backup_plan_id.known()) {
        (Some(outputs), _) => Some(outputs.clone()),
        (None, Some(plan)) => by_token(aws, look, plan, ask.identity.token()).await?,
        (None, None) => None,
    };
    let Some(outputs) = outputs else { return Ok(Seen::Absent) };
    let call = || {
        let request = aws.backup().get_backup_selection().backup_plan_id(outputs.backup_plan_id.as_str());
        request.selection_id(outputs.selection_id.as_str()).send()
    };
    let answer = aws.read("backup:GetBackupSelection", call).await.gone_is_fine()?;
    let Some(raw) = answer.as_ref().and_then(|answer| answer.backup_selection()) else { return Ok(Seen::Absent) };
    Ok(found(raw, &aws.arn("rds", CLUSTER), outputs).into())
}

/// The selection of a plan that was made with this token.
async fn by_token(
    aws: &Aws,
    look: &Look,
    plan: &BackupPlanId,
    token: &str,
) -> Result<Option<BackupSelectionOutputs>, CallError> {
    let query = format!("backup:ListBackupSelections {} {plan}", aws.region());
    let all: Arc<Vec<Listed>> = look
        .once(&query, async {
            let call = || {
                let pages =
                    aws.backup().list_backup_selections().backup_plan_id(plan.as_str()).into_paginator().items();
                async move { pages.send().collect::<Result<Vec<_>, _>>().await }
            };
            Ok(aws.read("backup:ListBackupSelections", call).await.gone_is_fine()?.unwrap_or_default())
        })
        .await?;
    let mine = all.iter().find(|listed| listed.creator_request_id() == Some(token));
    let id = mine.and_then(|listed| listed.selection_id());
    Ok(id.map(|id| BackupSelectionOutputs { backup_plan_id: plan.clone(), selection_id: id.into() }))
}

/// `clusters` is what the ARN of every cluster of this account and region begins with.
fn found(raw: &Raw, clusters: &str, outputs: BackupSelectionOutputs) -> Found<BackupSelection> {
    let cluster = match raw.resources() {
        [only] => only.strip_prefix(clusters).unwrap_or(only).to_owned(),
        others => others.join(" "),
    };
    let spec = BackupSelection {
        backup_plan_id: Input::Value(outputs.backup_plan_id.clone()),
        iam_role_arn: Input::Value(raw.iam_role_arn().into()),
        db_cluster_identifier: Input::Value(cluster.into()),
    };
    Found::ready(spec, outputs, Owner::Inherited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    const CLUSTERS: &str = "arn:aws:rds:us-east-1:123456789012:cluster:";

    fn wanted() -> BackupSelection {
        BackupSelection {
            backup_plan_id: Input::Value("plan".into()),
            iam_role_arn: Input::Value("arn:role".into()),
            db_cluster_identifier: Input::Value("orders".into()),
        }
    }

    fn seen(resources: &[&str]) -> BackupSelection {
        let raw = Raw::builder().selection_name("s").iam_role_arn("arn:role");
        let raw = raw.set_resources(Some(resources.iter().map(|arn| (*arn).to_owned()).collect())).build().unwrap();
        let outputs = BackupSelectionOutputs { backup_plan_id: "plan".into(), selection_id: "1".into() };
        found(&raw, CLUSTERS, outputs).spec
    }

    #[test]
    fn an_unchanged_selection_equals_what_the_stack_wants() {
        assert_eq!(seen(&["arn:aws:rds:us-east-1:123456789012:cluster:orders"]), wanted());
    }

    #[test]
    fn more_and_other_resources_are_a_difference() {
        let orders = format!("{CLUSTERS}orders");
        for resources in [vec!["*"], vec![], vec![orders.as_str(), "*"]] {
            let path = "db_cluster_identifier".to_owned();
            assert_eq!(changes(&seen(&resources), &wanted()), [(path, Level::Replace)], "{resources:?}");
        }
    }

    #[test]
    fn everything_is_create_only() {
        let edits = [
            ("backup_plan_id", BackupSelection { backup_plan_id: Input::Value("other".into()), ..wanted() }),
            ("iam_role_arn", BackupSelection { iam_role_arn: Input::Value("arn:other".into()), ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::Replace)]);
        }
    }
}
