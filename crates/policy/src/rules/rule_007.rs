//! RULE-007: Every instance reports: enhanced monitoring and Performance Insights.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::BTreeSet;

/// `MonitoringInterval` of an instance that reports, in seconds.
const INTERVALS: [u8; 6] = [1, 5, 10, 15, 30, 60];

pub(super) const RULE: Rule = Rule {
    code: "RULE-007",
    level: Level::Must,
    title: "Every instance reports: enhanced monitoring and Performance Insights",
    why: "Without them, nobody can say afterwards which statement or which process made the database slow.",
    remedy: "Give `cluster.enhanced_monitoring_interval` a value of 1 to 60 seconds; insights are always on \
(`cluster.insights`).",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Monitoring.OS.html",
    severity: [Severity::Block, Severity::Warn, Severity::Off],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_118, CKV_AWS_353",
        prowler: "rds_instance_enhanced_monitoring_enabled",
        security_hub: "RDS.6",
        aws_config: "RDS_ENHANCED_MONITORING_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.instances.iter_mut().for_each(|i| i.monitoring_interval = 0),
            |f| f.instances[1].monitoring_interval = 30,
            |f| f.instances[0].monitoring_role = false,
            |f| f.clusters[0].performance_insights = false,
            |f| f.clusters[0].insights_advanced = true,
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for instance in &facts.instances {
        if !INTERVALS.contains(&instance.monitoring_interval) {
            verdict.broken(
                &instance.address,
                "monitoring_interval",
                instance.monitoring_interval,
                "1, 5, 10, 15, 30 or 60 seconds",
            );
        } else if !instance.monitoring_role {
            verdict.broken(
                &instance.address,
                "monitoring_role_arn",
                "no role",
                "a role that RDS may write its metrics with",
            );
        }
    }
    for cluster in &facts.clusters {
        if !cluster.performance_insights {
            verdict.broken(&cluster.address, "enable_performance_insights", "false", "true");
        }
        if cluster.insights_advanced && cluster.insights_retention != Some(465) {
            let observed =
                cluster.insights_retention.map_or_else(|| "not set".to_owned(), |days| format!("{days} days"));
            verdict.broken(
                &cluster.address,
                "performance_insights_retention_period",
                observed,
                "465 days, which mode advanced needs",
            );
        }
    }
    let intervals: BTreeSet<u8> = facts.instances.iter().map(|instance| instance.monitoring_interval).collect();
    if let (true, Some(instance)) = (intervals.len() > 1, facts.instances.first()) {
        verdict.weak(&instance.address, "monitoring_interval", "the members differ", "one interval for all members");
    }
}
