//! RULE-105: Readers carry the reads.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-105",
    level: Level::Should,
    title: "Readers carry the reads",
    why: "A writer that also serves every read has no room for writes at the peak.",
    remedy: "Add readers, and let them grow with the load: `[cluster.autoscaling]` with `min_readers` and \
`max_readers`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.read_ratio = Some(0.9);
            f.instances.push(Instance { address: "db_instance.c".parse().unwrap(), ..f.instances[1].clone() });
        },
        breaks: &[
            |f| {
                f.intent.read_ratio = Some(0.9);
            },
            |f| {
                f.readers[0].max = 16;
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for target in &facts.readers {
        if target.max > 15 || target.min > target.max {
            verdict.refused(
                (&target.address, "max_capacity"),
                format!("{} to {} readers", target.min, target.max),
                "at most 15 readers",
            );
        }
    }
    if facts.intent.read_ratio.is_none_or(|ratio| ratio < 0.7) {
        verdict.skip("the stack does not say that its load is mostly reads (`policy.workload.read_percent`)");
        return;
    }
    for (cluster, members) in facts.with_members() {
        let least = if facts.stack.profile >= Profile::Prod { 2 } else { 1 };
        let readers = members.iter().filter(|member| !member.writer).count();
        if readers < least {
            verdict.broken(&cluster.address, "members", format!("{readers} readers"), format!("at least {least}"));
        }
        if facts.readers.iter().all(|target| target.min == 0) {
            verdict.weak(
                &cluster.address,
                "autoscaling",
                "readers do not grow with the load",
                "autoscaling with at least one reader",
            );
        }
    }
}
