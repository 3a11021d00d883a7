//! RULE-104: Many connections go through a pool.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-104",
    level: Level::Should,
    title: "Many connections go through a pool",
    why: "Every connection is a process with its memory. Near `max_connections` a deployment that opens new \
ones before it closes the old is an outage.",
    remedy: "Put RDS Proxy or PgBouncer before the cluster and say so in `policy.workload.pooling`, or take a \
larger class.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings { security_hub: "RDS.43", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.connections = Some(100);
        },
        breaks: &[|f| f.intent.connections = Some(5000)],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(wanted) = facts.intent.connections else {
        verdict.skip("the stack says nothing about its connections (`policy.workload.connections`)");
        return;
    };
    if facts.intent.pooling.is_some() {
        return;
    }
    for (cluster, members) in facts.with_members() {
        let smallest = members.iter().filter_map(|member| member.max_connections).fold(f64::INFINITY, f64::min);
        if f64::from(wanted) > 0.8 * smallest {
            verdict.broken(
                &cluster.address,
                "connections",
                format!("{wanted} connections, the smallest member takes {smallest:.0}"),
                "a pool, or at most 80% of what the class takes",
            );
        }
    }
}
