//! RULE-108: AWS Config watches what is there.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-108",
    level: Level::Should,
    title: "AWS Config watches what is there",
    why: "Between two applies somebody may change something by hand. AWS Config sees it, whoever did it.",
    remedy: "Switch the recorder on and deploy the managed rules that `auroractl rules list` names. No managed \
rule sees `rds.force_ssl` on a cluster: it needs a custom one.",
    source: "https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html",
    severity: [Severity::Warn, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        checkov: "CKV2_AWS_45, CKV2_AWS_48",
        prowler: "config_recorder_all_regions_enabled",
        security_hub: "Config.1",
        cis: "v5 3.3",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.config_recorder = true.into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.config_recorder = false.into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    if verdict.known(&facts.surroundings.config_recorder, &cluster.address, "config_recorder") == Some(&false) {
        verdict.broken(&cluster.address, "config_recorder", "AWS Config records nothing here", "a recorder that is on");
    }
}
