//! EXT-031: Deleting the cluster leaves a final snapshot.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-031",
    level: Level::Must,
    title: "Deleting the cluster leaves a final snapshot",
    why: "Without one the automated backups go with the cluster, and what was deleted by mistake is gone.",
    remedy: "Set `cluster.backup.final_snapshot = true`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    severity: [Severity::Block, Severity::Warn, Severity::Off],
    when: When::Plan,
    fix: Fix::InPlace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].final_snapshot = false] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| !cluster.final_snapshot) {
        verdict.broken(&cluster.address, "skip_final_snapshot", "true", "false");
    }
}
