//! RULE-102: Capacity follows the load where the load varies.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Cluster, Facts, Pattern, Serverless};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-102",
    level: Level::Should,
    title: "Capacity follows the load where the load varies",
    why: "A provisioned instance that is sized for the peak is paid for all night; one that is sized for the \
average is slow at the peak.",
    remedy: "Say `[cluster.serverless]` with `min_acu` and `max_acu`, and leave out `class`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.clusters[0].serverless = Some(Serverless { min: 0.5, max: 16.0, pause_after: None });
        },
        breaks: &[
            |f| f.intent.pattern = Some(Pattern::Variable),
            |f| f.clusters[0].serverless = Some(Serverless { min: 0.3, max: 16.0, pause_after: None }),
            |f| f.clusters[0].serverless = Some(Serverless { min: 8.0, max: 4.0, pause_after: None }),
            |f| {
                f.clusters[0].serverless = Some(Serverless { min: 0.0, max: 4.0, pause_after: None });
                f.intent.pooling = Some("pgbouncer".to_owned());
            },
            |f| {
                f.clusters[0].serverless = Some(Serverless { min: 0.0, max: 4.0, pause_after: Some(100) });
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for (cluster, members) in facts.with_members() {
        let varies = facts.intent.pattern == Some(Pattern::Variable);
        match cluster.serverless {
            Some(range) => possible(cluster, range, facts, verdict),
            None if varies && members.iter().any(|member| !member.serverless()) => {
                verdict.hint(
                    &cluster.address,
                    "serverless_v2_scaling_configuration",
                    "provisioned members for a load that varies",
                    "Serverless v2 capacity",
                );
            }
            None if facts.intent.pattern.is_none() => {
                verdict.skip("the stack says nothing about its load (`policy.workload.pattern`)")
            }
            None => {}
        }
    }
}

/// What AWS refuses, and what keeps a cluster from ever pausing.
fn possible(cluster: &Cluster, range: Serverless, facts: &Facts, verdict: &mut Verdict<'_>) {
    let at = (&cluster.address, "serverless_v2_scaling_configuration");
    let stepped = |units: f64| (units * 2.0).fract() == 0.0;
    let fits = range.min >= 0.0 && range.min <= range.max && (1.0..=256.0).contains(&range.max);
    if !stepped(range.min) || !stepped(range.max) || !fits {
        verdict.refused(
            at,
            format!("{} to {} capacity units", range.min, range.max),
            "steps of 0.5, from 0 to 256, the least not above the most",
        );
    }
    if range.pause_after.is_some_and(|seconds| !(300..=86400).contains(&seconds)) {
        verdict.refused(at, "a pause outside of 300 to 86400 seconds", "300 to 86400 seconds");
    }
    if range.min != 0.0 {
        return;
    }
    let logical =
        facts.parameter_group(&cluster.parameter_group).is_some_and(|group| group.is_on("rds.logical_replication"));
    let global = facts.intent.multi_region || cluster.global.known() == Some(&true);
    let awake =
        [(facts.intent.pooling.is_some(), "a pooler"), (logical, "logical replication"), (global, "a global database")];
    for (_, what) in awake.into_iter().filter(|(on, _)| *on) {
        verdict.weak(
            at.0,
            at.1,
            format!("{what} keeps the cluster awake"),
            "0.5 capacity units or more, or nothing that keeps connections open",
        );
    }
}
