//! RULE-205: Maintenance happens when the load is low.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-205",
    level: Level::Could,
    title: "Maintenance happens when the load is low",
    why: "AWS restarts instances in the maintenance window. The one that AWS picks may be the busiest hour.",
    remedy: "Set `cluster.maintenance.window` within the hours of low load, apart from the backup window.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Maintenance.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].maintenance_window = None,
            |f| f.intent.low_traffic = Some(Window { start: 0, minutes: 120 }),
            |f| f.instances[0].maintenance_window = None,
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        match (cluster.maintenance_window, facts.intent.low_traffic) {
            (None, _) => {
                verdict.broken(&cluster.address, "preferred_maintenance_window", "AWS picks it", "a window of your own")
            }
            (Some(window), Some(low)) if !window.within(low) => {
                verdict.broken(
                    &cluster.address,
                    "preferred_maintenance_window",
                    "outside of the hours of low load",
                    "within `policy.workload.low_traffic`",
                );
            }
            _ => {}
        }
    }
    for instance in facts.instances.iter().filter(|instance| instance.maintenance_window.is_none()) {
        verdict.broken(&instance.address, "preferred_maintenance_window", "AWS picks it", "the cluster's window");
    }
}
