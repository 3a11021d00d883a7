//! EXT-015: The master user has a name of its own.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// What attackers try first.
const COMMON: [&str; 6] = ["admin", "postgres", "root", "rdsadmin", "master", "dbadmin"];

pub(super) const RULE: Rule = Rule {
    code: "EXT-015",
    level: Level::Should,
    title: "The master user has a name of its own",
    why: "Names that every attacker tries first are half of a login.",
    remedy: "Name another in `cluster.master_username`. It never changes afterwards.",
    source: "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-24",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::Replace,
    mappings: Mappings {
        prowler: "rds_cluster_default_admin",
        security_hub: "RDS.24",
        aws_config: "RDS_CLUSTER_DEFAULT_ADMIN_CHECK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].master_username = "postgres".to_owned()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if COMMON.contains(&cluster.master_username.to_ascii_lowercase().as_str()) {
            verdict.broken(
                &cluster.address,
                "master_username",
                &cluster.master_username,
                "a name that is not among the common ones",
            );
        }
    }
}
