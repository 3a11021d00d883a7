//! EXT-020: The master secret has a customer-managed key.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Key, Password};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-020",
    level: Level::Should,
    title: "The master secret has a customer-managed key",
    why: "Who may use the key may read the password: the key of AWS's admits everybody in the account who may \
read the secret. It can't be changed afterwards.",
    remedy: "Let the stack make the key, or name one in `security.kms.key_arn`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::Replace,
    mappings: Mappings {
        checkov: "CKV_AWS_149",
        prowler: "secretsmanager_has_restrictive_resource_policy, secretsmanager_not_publicly_accessible",
        security_hub: "SecretsManager.3",
        aws_config: "SECRETSMANAGER_USING_CMK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].secret_key = Key::Aws.into()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| cluster.password == Password::Managed) {
        if verdict.known(&cluster.secret_key, &cluster.address, "master_user_secret_kms_key_id") == Some(&Key::Aws) {
            verdict.broken(
                &cluster.address,
                "master_user_secret_kms_key_id",
                "aws/secretsmanager",
                "a customer-managed key",
            );
        }
    }
}
