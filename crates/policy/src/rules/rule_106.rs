//! RULE-106: Alarms watch processor, memory, connections, lag and storage, and somebody hears them.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Alarm, Facts};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::BTreeSet;

/// Metrics in percent.
const SHARES: [&str; 2] = ["CPUUtilization", "ACUUtilization"];

pub(super) const RULE: Rule = Rule {
    code: "RULE-106",
    level: Level::Should,
    title: "Alarms watch processor, memory, connections, lag and storage, and somebody hears them",
    why: "A database that is full, out of connections or minutes behind tells so long before its users do.",
    remedy: "Leave `monitoring.alarms` at their defaults, and name a receiver in `[[monitoring.subscriptions]]`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/creating_alarms.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_319",
        security_hub: "CloudWatch.15, CloudWatch.17",
        aws_config: "CLOUDWATCH_ALARM_ACTION_CHECK, CLOUDWATCH_ALARM_ACTION_ENABLED_CHECK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.alarms.retain(|a| a.metric != "CPUUtilization"),
            |f| f.alarms.retain(|a| a.metric != "AuroraReplicaLag"),
            |f| f.alarms[0].actions.clear(),
            |f| f.subscriptions.clear(),
            |f| f.alarms[0].threshold = 100.0,
            |f| f.alarms[0].dimensions = [("DBInstanceIdentifier".to_owned(), "other".to_owned())].into(),
            |f| f.alarms.retain(|a| a.metric != "MaximumUsedTransactionIDs"),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let watched = watched(facts);
    for (cluster, members) in facts.with_members() {
        let watches = |metric: &str| watched.contains(&(cluster.identifier.as_str(), metric));
        let serverless = members.iter().any(|member| member.serverless());
        let provisioned = members.iter().any(|member| !member.serverless());
        let needed = [
            ("CPUUtilization", true),
            ("FreeableMemory", true),
            ("DatabaseConnections", true),
            ("AuroraReplicaLag", members.len() > 1),
            ("FreeLocalStorage", provisioned),
            ("ACUUtilization", serverless),
        ];
        for (metric, _) in needed.into_iter().filter(|(metric, needed)| *needed && !watches(metric)) {
            verdict.broken(
                &cluster.address,
                "alarms",
                format!("nothing watches {metric}"),
                format!("an alarm on {metric}"),
            );
        }
        if !watches("MaximumUsedTransactionIDs") {
            verdict.hint(
                &cluster.address,
                "alarms.transaction_ids",
                "nothing watches MaximumUsedTransactionIDs",
                "an alarm far before two thousand million transactions, when writes stop",
            );
        }
    }
    for alarm in facts.alarms.iter().filter(|alarm| alarm.actions.is_empty()) {
        verdict.broken(&alarm.address, "alarm_actions", "it tells nobody", "a topic");
    }
    let heard = |topic: &str| facts.subscriptions.iter().any(|subscription| subscription.topic == topic);
    for topic in facts.topics.iter().filter(|topic| topic.name == topic.address.as_str() && !heard(&topic.name)) {
        verdict.broken(
            &topic.address,
            "subscriptions",
            "nobody receives what it publishes",
            "at least one subscription",
        );
    }
}

/// Metrics that an alarm watches, each with the cluster, by alarms that can ring. One without a cluster watches something
/// else, and nothing uses more than all of what it has.
fn watched(facts: &Facts) -> BTreeSet<(&str, &str)> {
    let can_ring = |alarm: &&Alarm| !SHARES.contains(&alarm.metric.as_str()) || alarm.threshold < 100.0;
    let mut watched = BTreeSet::new();
    for alarm in facts.alarms.iter().filter(can_ring) {
        let cluster = alarm.dimensions.get("DBClusterIdentifier").map(String::as_str);
        watched.extend(cluster.map(|cluster| (cluster, alarm.metric.as_str())));
    }
    watched
}
