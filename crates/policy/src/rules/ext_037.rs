//! EXT-037: GuardDuty watches logins.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-037",
    level: Level::Could,
    title: "GuardDuty watches logins",
    why: "It tells a stolen password by where and when it is used.",
    remedy: "Switch on RDS Protection in GuardDuty.",
    source: "https://docs.aws.amazon.com/guardduty/latest/ug/rds-protection.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        security_hub: "GuardDuty.9",
        aws_config: "GUARDDUTY_RDS_PROTECTION_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.guardduty = true.into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.guardduty = false.into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    if verdict.known(&facts.surroundings.guardduty, &cluster.address, "guardduty") == Some(&false) {
        verdict.broken(&cluster.address, "guardduty", "RDS Protection is off", "on");
    }
}
