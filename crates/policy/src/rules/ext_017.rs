//! EXT-017: A plan of AWS Backup covers the cluster.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-017",
    level: Level::Should,
    title: "A plan of AWS Backup covers the cluster",
    why: "Aurora's own backups end with 35 days, and somebody who can delete the cluster can delete them.",
    remedy: "Select the cluster by ARN or tag in a backup plan whose vault has a key, and say so in \
`policy.evidence.backup_plan`.",
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/whatisbackup.html",
    severity: [Severity::Warn, Severity::Info, Severity::Off],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings {
        checkov: "CKV2_AWS_8, CKV_AWS_166",
        prowler: "rds_cluster_protected_by_backup_plan",
        security_hub: "RDS.26, Backup.1",
        aws_config: "AURORA_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.intent.backup_plan = false] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if !facts.intent.backup_plan {
        verdict.missing(facts, "no backup plan is known", "a plan of AWS Backup that covers the cluster");
    }
}
