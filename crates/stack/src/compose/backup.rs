//! Recovery points by AWS Backup: a vault, a plan, and the cluster that it is for.

use super::Draft;
use super::security::{partition, trust};
use auroractl_cluster::{BackupPlan, BackupRule, BackupSelection, BackupVault};
use auroractl_core::Input;
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{ClusterId, KmsKeyArn, RoleArn, RoleName};
use auroractl_security::{IamRole, IamRolePolicyAttachment};
use std::collections::BTreeMap;

/// The part of the stack file that asks for all of it.
const AT: &str = "backup";
/// What the role and its policy are called.
const NAME: &str = "backup";
/// AWS's own policy for backups; restores are people's to start, with a role of their own.
const POLICY: &str = "iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup";
/// Minutes within which a job must start: AWS's least.
const START: u32 = 60;
/// Minutes within which it must end. A snapshot of Aurora is made in minutes, its copy to another region in hours.
const COMPLETION: u32 = 24 * 60;

/// Makes them where the stack asks for them.
pub(super) fn backup(
    draft: &mut Draft<'_>,
    cluster: &Input<ClusterId>,
    key: &Input<KmsKeyArn>,
) -> Result<(), GraphError> {
    let Some(wanted) = draft.config.backup.clone() else { return Ok(()) };
    let vault = BackupVault {
        backup_vault_name: draft.config.vault_name(),
        encryption_key_arn: key.clone(),
        tags: draft.tags(),
    };
    let vault = draft.add("main", &vault, AT)?;
    // A time that can't be read was refused by the checks of the stack file.
    let (hour, minute) = wanted.time().unwrap_or_default();
    let rule = BackupRule {
        target_backup_vault_name: vault.out(),
        schedule_expression: format!("cron({minute} {hour} ? * * *)"),
        start_window_minutes: START,
        completion_window_minutes: COMPLETION,
        delete_after_days: Some(wanted.retention_days),
        copies: wanted.copy_to.into_iter().collect(),
    };
    let plan = BackupPlan { rules: BTreeMap::from([("daily".to_owned(), rule)]), tags: draft.tags() };
    let plan = draft.add("main", &plan, AT)?;
    let role = IamRole {
        description: format!("Lets AWS Backup back up the cluster of stack {}", draft.config.stack.name),
        assume_role_policy_document: trust("backup", draft.config.stack.account.as_deref()),
        tags: draft.tags(),
    };
    let role = draft.add(NAME, &role, AT)?;
    let policy_arn = format!("arn:{}:{POLICY}", partition(&draft.config.stack.region));
    let attachment = IamRolePolicyAttachment { role_name: role.out::<RoleName>(), policy_arn };
    let attachment = draft.add(NAME, &attachment, AT)?;
    let selection = BackupSelection {
        backup_plan_id: plan.out(),
        iam_role_arn: role.out::<RoleArn>(),
        db_cluster_identifier: cluster.clone(),
    };
    let selection = draft.add("main", &selection, AT)?;
    // AWS Backup refuses a role that may do nothing yet.
    draft.desired.after(&selection, &attachment);
    Ok(())
}
