//! RULE-009: Deletion protection is on.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-009",
    level: Level::Must,
    title: "Deletion protection is on",
    why: "It is the last thing between a wrong command and the data. DB instances have none: their cluster's \
does not protect them, which is why auroractl never deletes the last one.",
    remedy: "Set `cluster.deletion_protection = true`. To delete the cluster, lift the protection with `auroractl \
apply --allow-delete db_cluster.main`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    severity: [Severity::Block, Severity::Warn, Severity::Off],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_139",
        prowler: "rds_cluster_deletion_protection",
        security_hub: "RDS.7",
        aws_config: "RDS_CLUSTER_DELETION_PROTECTION_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].deletion_protection = false] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| !cluster.deletion_protection) {
        if facts.stack.leaving.contains(&cluster.address) {
            verdict.hint(
                &cluster.address,
                "deletion_protection",
                "false, since the cluster may be deleted",
                "true as long as it is needed",
            );
        } else {
            verdict.broken(&cluster.address, "deletion_protection", "false", "true");
        }
    }
}
