//! RULE-208: Connections have a limit that the class can carry.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-208",
    level: Level::Could,
    title: "Connections have a limit that the class can carry",
    why: "Each connection takes memory. A limit above what the class carries ends in swapping, not in more \
work done.",
    remedy: "Leave `max_connections` to Aurora's formula, keep the alarm `connections`, and give application \
roles a CONNECTION LIMIT.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Managing.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.parameter_groups[1].values.insert("max_connections".to_owned(), "9000".to_owned());
            },
            |f| f.alarms.retain(|a| a.metric != "DatabaseConnections"),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for instance in &facts.instances {
        let Some(group) = facts.parameter_group(&instance.parameter_group) else { continue };
        let set = group.value("max_connections").and_then(|value| value.parse::<f64>().ok());
        if let (Some(set), Some(most)) = (set, instance.max_connections)
            && set > most
        {
            verdict.broken(
                &group.address,
                "parameters.max_connections",
                format!("{set}"),
                format!("at most {most:.0} on {}, or Aurora's formula", instance.class),
            );
        }
    }
    if !facts.alarms.iter().any(|alarm| alarm.metric == "DatabaseConnections") {
        verdict.missing(facts, "nothing watches DatabaseConnections", "an alarm at 80% of what the class takes");
    }
}
