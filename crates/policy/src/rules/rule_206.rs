//! RULE-206: Aurora Machine Learning has the roles that it needs.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// `FeatureName` of roles that Aurora Machine Learning uses.
const FEATURES: [&str; 3] = ["Comprehend", "SageMaker", "Bedrock"];

pub(super) const RULE: Rule = Rule {
    code: "RULE-206",
    level: Level::Could,
    title: "Aurora Machine Learning has the roles that it needs",
    why: "Statements that call a model fail at run time when the cluster has no role for it.",
    remedy: "Associate a role for Comprehend, SageMaker or Bedrock with the cluster, or drop \
`policy.workload.machine_learning`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/postgresql-ml.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.machine_learning = true;
            f.clusters[0].roles = vec!["SageMaker".to_owned()].into();
        },
        breaks: &[|f| f.intent.machine_learning = true],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if !facts.intent.machine_learning {
        verdict.skip("the stack does not use Aurora Machine Learning (`policy.workload.machine_learning`)");
        return;
    }
    for cluster in &facts.clusters {
        let roles = verdict.known(&cluster.roles, &cluster.address, "associated_roles");
        if roles.is_some_and(|roles| !roles.iter().any(|feature| FEATURES.contains(&feature.as_str()))) {
            verdict.broken(&cluster.address, "associated_roles", "no role for machine learning", FEATURES.join(", "));
        }
    }
}
