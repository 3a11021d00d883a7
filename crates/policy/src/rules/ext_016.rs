//! EXT-016: The port is not the well-known one.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-016",
    level: Level::Could,
    title: "The port is not the well-known one",
    why: "Security Hub asks for it. It hides nothing from who scans all ports, so the rule is off in every \
profile.",
    remedy: "Set `cluster.port` if a scanner of your company demands it.",
    source: "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-23",
    severity: [Severity::Off, Severity::Off, Severity::Off],
    when: When::Plan,
    fix: Fix::Reboot,
    mappings: Mappings { prowler: "rds_cluster_non_default_port", security_hub: "RDS.23", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].port = 5432] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| cluster.port == 5432) {
        verdict.broken(&cluster.address, "port", "5432", "another port");
    }
}
