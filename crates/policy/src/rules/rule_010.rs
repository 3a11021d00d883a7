//! RULE-010: People and services can log in by IAM.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Password};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-010",
    level: Level::Must,
    title: "People and services can log in by IAM",
    why: "A token that lives for fifteen minutes can't be leaked for long, and leaving the company ends the \
access.",
    remedy: "Set `security.iam_database_authentication = true`, and grant `rds_iam` to the roles of \
administrators.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html",
    severity: [Severity::Block, Severity::Warn, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_162",
        prowler: "rds_cluster_iam_authentication_enabled",
        security_hub: "RDS.12",
        aws_config: "RDS_CLUSTER_IAM_AUTHENTICATION_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].iam_authentication = false] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if !cluster.iam_authentication && cluster.password != Password::Iam {
            verdict.broken(&cluster.address, "enable_iam_database_authentication", "false", "true");
        }
    }
}
