//! RULE-103: Backups survive the loss of the region.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-103",
    level: Level::Should,
    title: "Backups survive the loss of the region",
    why: "Aurora keeps its backups in the cluster's region. RDS's own cross-region automated backups do not \
exist for Aurora.",
    remedy: "Copy snapshots to another region, by a plan of AWS Backup or a schedule of your own, and say so in \
`policy.evidence.backup_copy_region`; or use a global database.",
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
    severity: [Severity::Warn, Severity::Info, Severity::Off],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings { aws_config: "AURORA_RESOURCES_PROTECTED_BY_BACKUP_PLAN", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.intent.backup_copy_region = None,
            |f| f.intent.backup_copy_region = Some("us-east-1".to_owned()),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let elsewhere = facts.intent.backup_copy_region.as_deref();
    for cluster in &facts.clusters {
        if cluster.global.known() == Some(&true) {
            continue;
        }
        match elsewhere {
            Some(region) if region == facts.stack.region => {
                verdict.broken(&cluster.address, "backup_copy", format!("copies stay in {region}"), "another region");
            }
            Some(_) => {}
            None => verdict.broken(
                &cluster.address,
                "backup_copy",
                "no copy in another region is known",
                "a global database, or copies in another region",
            ),
        }
    }
}
