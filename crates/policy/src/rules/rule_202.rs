//! RULE-202: A dashboard shows the database.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-202",
    level: Level::Could,
    title: "A dashboard shows the database",
    why: "In an incident one page with the right eight graphs saves the first ten minutes.",
    remedy: "Make a CloudWatch dashboard that names the cluster and the metrics of RULE-106.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.dashboard = true.into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.dashboard = false.into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    if verdict.known(&facts.surroundings.dashboard, &cluster.address, "dashboard") == Some(&false) {
        verdict.broken(
            &cluster.address,
            "dashboard",
            "no dashboard names the cluster",
            "one with the metrics of the alarms",
        );
    }
}
