//! RULE-207: RDS events reach somebody.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// Categories by source type that somebody should hear.
const NEEDED: [(&str, &[&str]); 3] = [
    ("db-cluster", &["maintenance", "failure", "failover"]),
    ("db-instance", &["maintenance", "configuration change", "failure"]),
    ("db-parameter-group", &["configuration change"]),
];

pub(super) const RULE: Rule = Rule {
    code: "RULE-207",
    level: Level::Could,
    title: "RDS events reach somebody",
    why: "A failover, a certificate that ends, a maintenance that is due: RDS says so as an event, and to \
nobody unless asked.",
    remedy: "Subscribe the alarm topic to events of clusters, instances and parameter groups.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Subscribing.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        prowler: "rds_cluster_critical_event_subscription, rds_instance_critical_event_subscription",
        security_hub: "RDS.19, RDS.20, RDS.21",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.events = NEEDED
                .iter()
                .map(|(source, _)| ((*source).to_owned(), vec![]))
                .collect::<std::collections::BTreeMap<_, _>>()
                .into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.events = std::collections::BTreeMap::new().into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    let Some(events) = verdict.known(&facts.surroundings.events, &cluster.address, "events") else { return };
    for (source, needed) in NEEDED {
        let said = events.get(source).map(Vec::as_slice).unwrap_or_default();
        // A subscription without categories hears all of them.
        let all = events.contains_key(source) && said.is_empty();
        let deaf: Vec<&str> =
            needed.iter().copied().filter(|category| !all && !said.iter().any(|heard| heard == category)).collect();
        if !deaf.is_empty() {
            verdict.broken(
                &cluster.address,
                "events",
                format!("nobody hears {} of {source}", deaf.join(", ")),
                "an enabled event subscription",
            );
        }
    }
}
