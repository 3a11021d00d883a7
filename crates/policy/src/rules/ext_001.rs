//! EXT-001: Snapshots carry the cluster's tags.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-001",
    level: Level::Should,
    title: "Snapshots carry the cluster's tags",
    why: "A snapshot outlives its cluster. Without tags nobody knows whose it was, or whether it may go.",
    remedy: "Set `cluster.backup.copy_tags_to_snapshot = true`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Tagging.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_313",
        prowler: "rds_cluster_copy_tags_to_snapshots",
        security_hub: "RDS.16",
        aws_config: "RDS_CLUSTER_COPY_TAGS_TO_SNAPSHOTS_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].copy_tags = false] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| !cluster.copy_tags) {
        verdict.broken(&cluster.address, "copy_tags_to_snapshot", "false", "true");
    }
}
