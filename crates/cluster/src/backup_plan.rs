//! A plan of AWS Backup: when recovery points are made, how long they are kept, and where copies go. Class B: its create
//! takes a token that AWS keeps with the plan, so that a plan is found again by it even without its tags.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{BackupPlanId, BackupVaultName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_backup::operation::get_backup_plan::GetBackupPlanOutput;
use aws_sdk_backup::types::{
    BackupPlanInput, BackupPlansListMember, BackupRule as RawRule, BackupRuleInput, CopyAction, Lifecycle,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What was kept stays as it is: an edit counts for the recovery points to come.
const IN_PLACE: Impact =
    Impact::new(Level::None, "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html");

/// A plan as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupPlan {
    /// Its rules by name.
    pub rules: BTreeMap<String, BackupRule>,
    /// The user's tags.
    pub tags: Tags,
}

/// One rule of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRule {
    /// The vault that recovery points go to.
    pub target_backup_vault_name: Input<BackupVaultName>,
    /// When: `cron(0 5 ? * * *)`, in UTC.
    pub schedule_expression: String,
    /// Minutes within which a job must start.
    pub start_window_minutes: u32,
    /// Minutes within which it must end.
    pub completion_window_minutes: u32,
    /// Days that a recovery point is kept; `None` keeps it for ever.
    pub delete_after_days: Option<u32>,
    /// ARNs of further vaults that a copy goes to, kept for as long.
    pub copies: BTreeSet<String>,
}

/// What a plan exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackupPlanOutputs {
    /// Its id.
    pub backup_plan_id: BackupPlanId,
}

impl Exports<BackupPlanId> for BackupPlan {
    const OUTPUT: &'static str = "backup_plan_id";
}

impl Model for BackupPlan {
    const KIND: &'static str = "backup_plan";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Token;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = BackupPlanOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(50))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { rules, tags } = new;
        d.entries("rules", (&old.rules, rules), |_, _, _| IN_PLACE).tags(&old.tags, tags);
    }
}

impl Resource<Aws> for BackupPlan {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let plan = document("backup:CreateBackupPlan", &me.name, spec)?;
        let tagged: HashMap<String, String> = me.with_tags(&spec.tags).into_iter().collect();
        let call = || {
            let request = aws.backup().create_backup_plan().backup_plan(plan.clone()).creator_request_id(me.token());
            request.set_backup_plan_tags(Some(tagged.clone())).send()
        };
        let made = aws.write("backup:CreateBackupPlan", call).await?;
        let id = made.backup_plan_id().ok_or_else(|| CallError::missing("backup:CreateBackupPlan", "BackupPlanId"))?;
        Ok(Done::ready(BackupPlanOutputs { backup_plan_id: id.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.backup_plan_id.as_str();
        if from.spec.rules != to.rules {
            let plan = document("backup:UpdateBackupPlan", &me.name, to)?;
            let call = || aws.backup().update_backup_plan().backup_plan_id(id).backup_plan(plan.clone()).send();
            aws.write("backup:UpdateBackupPlan", call).await?;
        }
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_backup(&arn(aws, id), &edit).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.backup().delete_backup_plan().backup_plan_id(past.outputs.backup_plan_id.as_str()).send();
        aws.remove("backup:DeleteBackupPlan", call).await.ending(Ending::Gone)
    }
}

fn arn(aws: &Aws, id: &str) -> String {
    aws.arn("backup", &format!("backup-plan:{id}"))
}

/// The plan as AWS takes it.
fn document(operation: &str, name: &str, spec: &BackupPlan) -> Result<BackupPlanInput, CallError> {
    let unbuilt = |why: &dyn std::fmt::Display| CallError::new(operation, Class::Invalid, why.to_string());
    let mut plan = BackupPlanInput::builder().backup_plan_name(name);
    for (name, rule) in &spec.rules {
        let lifecycle = rule.delete_after_days.map(|days| Lifecycle::builder().delete_after_days(days.into()).build());
        let vault = rule.target_backup_vault_name.get()?.as_str();
        let mut raw = BackupRuleInput::builder()
            .rule_name(name)
            .target_backup_vault_name(vault)
            .schedule_expression(&rule.schedule_expression)
            .start_window_minutes(rule.start_window_minutes.into())
            .completion_window_minutes(rule.completion_window_minutes.into())
            .set_lifecycle(lifecycle.clone());
        for to in &rule.copies {
            let copy = CopyAction::builder().destination_backup_vault_arn(to).set_lifecycle(lifecycle.clone());
            raw = raw.copy_actions(copy.build().map_err(|why| unbuilt(&why))?);
        }
        plan = plan.rules(raw.build().map_err(|why| unbuilt(&why))?);
    }
    plan.build().map_err(|why| unbuilt(&why))
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<BackupPlan>) -> Result<Seen<BackupPlan>, CallError> {
    let id = match &ask.outputs {
        Some(outputs) => Some(outputs.backup_plan_id.as_str().to_owned()),
        None => by_token(aws, look, ask.identity.token()).await?,
    };
    let Some(id) = id else { return Ok(Seen::Absent) };
    let call = || aws.backup().get_backup_plan().backup_plan_id(&id).send();
    let answer = aws.read("backup:GetBackupPlan", call).await.gone_is_fine()?;
    // One that was deleted can still be read.
    let Some(raw) = answer.filter(|raw| raw.deletion_date().is_none()) else { return Ok(Seen::Absent) };
    let tags = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &arn(aws, &id)).await?;
    Ok(found(&raw, &tags).into())
}

/// The id of the plan that was made with this token.
async fn by_token(aws: &Aws, look: &Look, token: &str) -> Result<Option<String>, CallError> {
    let query = format!("backup:ListBackupPlans {}", aws.region());
    let all: Arc<Vec<BackupPlansListMember>> = look
        .once(&query, async {
            let call = || {
                let pages = aws.backup().list_backup_plans().into_paginator().items();
                async move { pages.send().collect::<Result<Vec<_>, _>>().await }
            };
            aws.read("backup:ListBackupPlans", call).await
        })
        .await?;
    let mine = all.iter().find(|plan| plan.creator_request_id() == Some(token) && plan.deletion_date().is_none());
    Ok(mine.and_then(|plan| plan.backup_plan_id()).map(str::to_owned))
}

fn found(raw: &GetBackupPlanOutput, all: &tags::Map) -> Found<BackupPlan> {
    let rules = raw.backup_plan().map(|plan| plan.rules()).unwrap_or_default();
    let spec = BackupPlan {
        rules: rules.iter().map(|raw| (raw.rule_name().to_owned(), rule(raw))).collect(),
        tags: auroractl_core::tags::user(all),
    };
    let outputs = BackupPlanOutputs { backup_plan_id: raw.backup_plan_id().unwrap_or_default().into() };
    Found::ready(spec, outputs, Owner::of(all))
}

fn rule(raw: &RawRule) -> BackupRule {
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    BackupRule {
        target_backup_vault_name: Input::Value(raw.target_backup_vault_name().into()),
        schedule_expression: raw.schedule_expression().unwrap_or_default().to_owned(),
        start_window_minutes: number(raw.start_window_minutes()).unwrap_or_default(),
        completion_window_minutes: number(raw.completion_window_minutes()).unwrap_or_default(),
        delete_after_days: number(raw.lifecycle().and_then(Lifecycle::delete_after_days)),
        copies: raw.copy_actions().iter().map(|copy| copy.destination_backup_vault_arn().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_backup::types::BackupPlan as RawPlan;

    const COPY: &str = "arn:aws:backup:us-west-2:123456789012:backup-vault:copies";

    fn wanted() -> BackupPlan {
        let rule = BackupRule {
            target_backup_vault_name: Input::Value("orders-backups".into()),
            schedule_expression: "cron(0 5 ? * * *)".to_owned(),
            start_window_minutes: 60,
            completion_window_minutes: 480,
            delete_after_days: Some(35),
            copies: BTreeSet::from([COPY.to_owned()]),
        };
        BackupPlan { rules: BTreeMap::from([("daily".to_owned(), rule)]), tags: Tags::new() }
    }

    /// What AWS answers for a document that it was sent: the same rules, with an id each.
    fn answered(sent: &BackupPlanInput) -> GetBackupPlanOutput {
        let rule = |rule: &BackupRuleInput| {
            RawRule::builder()
                .rule_id("1")
                .rule_name(rule.rule_name())
                .target_backup_vault_name(rule.target_backup_vault_name())
                .set_schedule_expression(rule.schedule_expression().map(str::to_owned))
                .set_start_window_minutes(rule.start_window_minutes())
                .set_completion_window_minutes(rule.completion_window_minutes())
                .set_lifecycle(rule.lifecycle().cloned())
                .set_copy_actions(Some(rule.copy_actions().to_vec()))
                .schedule_expression_timezone("Etc/UTC")
                .build()
                .unwrap()
        };
        let rules = sent.rules().iter().map(rule).collect();
        let plan = RawPlan::builder().backup_plan_name("p").set_rules(Some(rules)).build().unwrap();
        GetBackupPlanOutput::builder().backup_plan(plan).backup_plan_id("1").build()
    }

    #[test]
    fn what_is_sent_comes_back_as_what_the_stack_wants() {
        let sent = document("backup:CreateBackupPlan", "p", &wanted()).unwrap();
        assert_eq!(found(&answered(&sent), &tags::Map::new()).spec, wanted());
        assert_eq!(sent.rules()[0].copy_actions()[0].lifecycle().unwrap().delete_after_days(), Some(35));
    }

    #[test]
    fn rules_are_edited_in_place() {
        let mut other = wanted();
        other.rules.get_mut("daily").unwrap().delete_after_days = Some(90);
        assert_eq!(changes(&wanted(), &other), [("rules.daily".to_owned(), Level::None)]);
        assert_eq!(changes(&wanted(), &BackupPlan { rules: BTreeMap::new(), ..wanted() }).len(), 1);
    }
}
