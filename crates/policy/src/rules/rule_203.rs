//! RULE-203: Applications find the endpoints in Parameter Store.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-203",
    level: Level::Could,
    title: "Applications find the endpoints in Parameter Store",
    why: "An endpoint that is copied into ten configurations is forgotten in one of them when it changes.",
    remedy: "Write the results of `auroractl output` into String parameters under `/<stack>/`. Scanners that ask \
for SecureString there mistake an endpoint for a secret.",
    source: "https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings { checkov: "CKV_AWS_337, CKV2_AWS_34", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.ssm_parameters = vec!["/orders/writer".to_owned()].into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.ssm_parameters = vec![].into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    if verdict.known(&facts.surroundings.ssm_parameters, &cluster.address, "ssm_parameters").is_some_and(Vec::is_empty)
    {
        verdict.broken(
            &cluster.address,
            "ssm_parameters",
            format!("nothing under /{}/", facts.stack.name),
            "the endpoints as String parameters",
        );
    }
}
