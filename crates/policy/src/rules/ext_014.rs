//! EXT-014: The engine version is supported.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, days};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// Days before the end of support in which an upgrade should be planned.
const SOON: i32 = 180;

pub(super) const RULE: Rule = Rule {
    code: "EXT-014",
    level: Level::Must,
    title: "The engine version is supported",
    why: "When standard support ends, RDS enrols the cluster in Extended Support, which costs for every \
vCPU-hour, and upgrades it by force in the end.",
    remedy: "Move to a newer major version (`cluster.engine_version`), or accept the price with \
`policy.extended_support = true`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/extended-support.html",
    severity: [Severity::Block, Severity::Block, Severity::Warn],
    when: When::Both,
    fix: Fix::Reboot,
    mappings: Mappings {
        checkov: "CKV_AWS_250, CKV_AWS_388",
        prowler: "rds_instance_deprecated_engine_version, rds_instance_extended_support",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].engine.creatable = false.into(),
            |f| f.clusters[0].engine.support_ends = "2026-02-28".parse::<jiff::civil::Date>().unwrap().into(),
            |f| f.clusters[0].engine.support_ends = "2027-02-28".parse::<jiff::civil::Date>().unwrap().into(),
            |f| f.clusters[0].engine.support_ends = Fact::unknown("the version is newer than this auroractl"),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let engine = &cluster.engine;
        let at = &cluster.address;
        if facts.planned() && engine.creatable.known() == Some(&false) {
            verdict.weak(
                at,
                "engine_version",
                format!("RDS makes no new cluster of {}", engine.version),
                "a minor that RDS offers",
            );
        }
        // Who accepts the price of Extended Support need not know when it begins.
        let ends = match facts.intent.extended_support {
            true => engine.support_ends.known(),
            false => verdict.known(&engine.support_ends, at, "engine_version"),
        };
        let Some(ends) = ends else { continue };
        let left = days(facts.stack.today, *ends);
        if left < 0 && !facts.intent.extended_support {
            verdict.broken(
                at,
                "engine_version",
                format!("standard support of {} ended on {ends}", engine.major),
                "a major version in standard support",
            );
        } else if (0..SOON).contains(&left) {
            verdict.weak(
                at,
                "engine_version",
                format!("standard support of {} ends on {ends}, in {left} days", engine.major),
                "an upgrade planned before",
            );
        }
    }
}
