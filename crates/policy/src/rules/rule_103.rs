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
    remedy: "Set `backup.copy_to` to the ARN of a vault in another region; or copy snapshots by a schedule of your own, and \
say so in `policy.evidence.backup_copy_region`; or use a global database.",
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
    severity: [Severity::Warn, Severity::Info, Severity::Off],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings { aws_config: "AURORA_RESOURCES_PROTECTED_BY_BACKUP_PLAN", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.backup_copy_region = None;
            f.backup_plans = vec![copying_to("us-west-2")];
        },
        breaks: &[
            |f| f.intent.backup_copy_region = None,
            |f| f.intent.backup_copy_region = Some("us-east-1".to_owned()),
            |f| {
                f.intent.backup_copy_region = None;
                f.backup_plans = vec![copying_to("us-east-1")];
            },
        ],
    },
};

/// A plan that covers the sound stack's cluster, with copies in a region.
#[cfg(test)]
fn copying_to(region: &str) -> crate::facts::BackupPlan {
    crate::facts::BackupPlan {
        address: "backup_plan.main".parse().unwrap(),
        clusters: ["db_cluster.main".to_owned()].into(),
        copies: [region.to_owned()].into(),
        vault_keys: Vec::new(),
    }
}

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let plans = facts.backup_plans.iter().filter(|plan| plan.clusters.contains(cluster.address.as_str()));
        let copies = plans.flat_map(|plan| &plan.copies).chain(&facts.intent.backup_copy_region);
        let (here, elsewhere): (Vec<_>, Vec<_>) = copies.partition(|region| **region == facts.stack.region);
        if cluster.global.known() == Some(&true) || !elsewhere.is_empty() {
            continue;
        }
        match here.first() {
            Some(region) => {
                verdict.broken(&cluster.address, "backup_copy", format!("copies stay in {region}"), "another region");
            }
            None => verdict.broken(
                &cluster.address,
                "backup_copy",
                "no copy in another region is known",
                "a global database, or copies in another region",
            ),
        }
    }
}
