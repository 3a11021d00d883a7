//! EXT-004: Log groups have a customer-managed key.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Key};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-004",
    level: Level::Should,
    title: "Log groups have a customer-managed key",
    why: "Statements stand in the log, and with them data of customers.",
    remedy: "Let the stack make the key, or name one whose policy admits CloudWatch Logs in \
`security.kms.key_arn`.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_158",
        prowler: "cloudwatch_log_group_kms_encryption_enabled",
        aws_config: "CLOUDWATCH_LOG_GROUP_ENCRYPTED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.log_groups[0].key = Key::Aws.into()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for group in &facts.log_groups {
        if verdict.known(&group.key, &group.address, "kms_key_id") == Some(&Key::Aws) {
            verdict.broken(&group.address, "kms_key_id", "no key of the customer's", "a customer-managed key");
        }
    }
}
