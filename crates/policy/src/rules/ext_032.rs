//! EXT-032: The Data API is off unless it is used.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-032",
    level: Level::Should,
    title: "The Data API is off unless it is used",
    why: "It lets everybody who may read the secret run SQL over HTTPS, past every security group.",
    remedy: "Switch it off with `aws rds disable-http-endpoint`; auroractl never switches it on.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].http_endpoint = true.into()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if verdict.known(&cluster.http_endpoint, &cluster.address, "enable_http_endpoint") == Some(&true) {
            verdict.broken(&cluster.address, "enable_http_endpoint", "true", "false");
        }
    }
}
