//! A plan is an `aws_backup_plan`.

use super::Terraform;
use super::block::{Block, Nested};
use auroractl_cluster::{BackupPlan, BackupRule};

impl Terraform for BackupPlan {
    const TYPE: &'static str = "aws_backup_plan";

    fn say(&self, block: &mut Block<'_>) {
        let Self { rules, tags } = self;
        let rules = rules.iter().map(|(name, said)| rule(block, name, said)).collect();
        block.later("name").blocks("rule", rules).tags(tags);
    }
}

fn rule(block: &Block<'_>, name: &str, rule: &BackupRule) -> Nested {
    let BackupRule {
        target_backup_vault_name,
        schedule_expression,
        start_window_minutes,
        completion_window_minutes,
        delete_after_days,
        copies,
    } = rule;
    let lifecycle = || delete_after_days.map(|days| Nested::default().with("delete_after", days));
    let copy = |to: &String| {
        let copy = Nested::default().with("destination_vault_arn", to.as_str());
        lifecycle().map_or(copy.clone(), |kept| copy.block("lifecycle", kept))
    };
    let rule = Nested::default()
        .with("rule_name", name)
        .input(block, "target_vault_name", target_backup_vault_name)
        .with("schedule", schedule_expression.as_str())
        .with("start_window", *start_window_minutes)
        .with("completion_window", *completion_window_minutes);
    let rule = lifecycle().map_or(rule.clone(), |kept| rule.block("lifecycle", kept));
    rule.repeated("copy_action", copies.iter().map(copy).collect())
}
