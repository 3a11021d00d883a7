//! EXT-035: Insights have a customer-managed key.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Key};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-035",
    level: Level::Could,
    title: "Insights have a customer-managed key",
    why: "Insights hold the text of statements. Their key can't be changed while they are on.",
    remedy: "Let the stack make the key, or name one in `security.kms.key_arn`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.access-control.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::Replace,
    mappings: Mappings { checkov: "CKV_AWS_354", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].insights_key = Key::Aws.into()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| cluster.performance_insights) {
        if verdict.known(&cluster.insights_key, &cluster.address, "performance_insights_kms_key_id") == Some(&Key::Aws)
        {
            verdict.broken(&cluster.address, "performance_insights_kms_key_id", "aws/rds", "a customer-managed key");
        }
    }
}
