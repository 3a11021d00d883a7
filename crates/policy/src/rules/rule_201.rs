//! RULE-201: An application of several regions has a global database.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-201",
    level: Level::Could,
    title: "An application of several regions has a global database",
    why: "Reads from another continent take a tenth of a second each; a global database serves them nearby and \
survives the loss of a region.",
    remedy: "auroractl makes clusters of one region: make the global cluster outside of it, or drop \
`policy.workload.multi_region`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings { checkov: "CKV_AWS_140", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.multi_region = true;
            f.clusters[0].global = true.into();
        },
        breaks: &[|f| f.intent.multi_region = true],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if !facts.intent.multi_region {
        verdict.skip("the stack is used in one region (`policy.workload.multi_region`)");
        return;
    }
    for cluster in &facts.clusters {
        if verdict.known(&cluster.global, &cluster.address, "global_cluster_identifier") == Some(&false) {
            verdict.broken(
                &cluster.address,
                "global_cluster_identifier",
                "no global database",
                "members in at least two regions",
            );
        }
    }
}
