//! EXT-003: Logs are kept for as long as they are needed, and no longer.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-003",
    level: Level::Should,
    title: "Logs are kept for as long as they are needed, and no longer",
    why: "A log group that RDS makes by itself keeps everything for ever, and is paid for.",
    remedy: "Set `monitoring.log_retention_days`: a year in production, a month elsewhere.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_66, CKV_AWS_338",
        prowler: "cloudwatch_log_group_retention_policy_specific_days_enabled",
        security_hub: "CloudWatch.16",
        aws_config: "CW_LOGGROUP_RETENTION_PERIOD_CHECK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.log_groups[0].retention = None,
            |f| f.log_groups[0].retention = Some(90),
            |f| f.log_groups.clear(),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let least = if facts.stack.profile >= Profile::Prod { 365 } else { 30 };
    for group in &facts.log_groups {
        match group.retention {
            None => verdict.broken(&group.address, "retention_in_days", "for ever", format!("{least} days or more")),
            Some(days) if days < least => verdict.broken(
                &group.address,
                "retention_in_days",
                format!("{days} days"),
                format!("{least} days or more"),
            ),
            Some(_) => {}
        }
    }
    for cluster in &facts.clusters {
        for log in &cluster.log_exports {
            let name = format!("/aws/rds/cluster/{}/{log}", cluster.identifier);
            if !facts.log_groups.iter().any(|group| group.name == name) {
                verdict.broken(
                    &cluster.address,
                    "enable_cloudwatch_logs_exports",
                    format!("{name} is made by RDS, without retention and key"),
                    "a log group of the stack's own",
                );
            }
        }
    }
}
