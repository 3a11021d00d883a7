//! EXT-002: The PostgreSQL log goes to CloudWatch.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-002",
    level: Level::Must,
    title: "The PostgreSQL log goes to CloudWatch",
    why: "The log on the instance is gone after three days, and with the instance at once.",
    remedy: "Name `postgresql` in `cluster.log_exports`; with IAM logins add `iam-db-auth-error`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html",
    severity: [Severity::Block, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_324",
        prowler: "rds_cluster_integration_cloudwatch_logs",
        security_hub: "RDS.37",
        aws_config: "RDS_AURORA_POSTGRESQL_LOGS_TO_CLOUDWATCH",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].log_exports.clear(),
            |f| {
                f.clusters[0].log_exports.remove("iam-db-auth-error");
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if !cluster.log_exports.contains("postgresql") {
            verdict.broken(
                &cluster.address,
                "enable_cloudwatch_logs_exports",
                "postgresql is not among them",
                "postgresql",
            );
        }
        if cluster.iam_authentication && !cluster.log_exports.contains("iam-db-auth-error") {
            verdict.hint(
                &cluster.address,
                "enable_cloudwatch_logs_exports",
                "failed IAM logins are not exported",
                "iam-db-auth-error as well",
            );
        }
    }
}
