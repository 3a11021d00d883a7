//! RULE-005: The master credentials are managed and rotate.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Password};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-005",
    level: Level::Must,
    title: "The master credentials are managed and rotate",
    why: "A password that people set is in shell histories, state files and chats. RDS can keep it in Secrets \
Manager and rotate it every seven days.",
    remedy: "Leave the master password to RDS: auroractl always asks for `ManageMasterUserPassword`. A live \
cluster without it gets it by the next apply.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV2_AWS_57, CKV_AWS_304",
        prowler: "secretsmanager_automatic_rotation_enabled, secretsmanager_secret_rotated_periodically",
        security_hub: "SecretsManager.1, SecretsManager.2, SecretsManager.4",
        aws_config: "SECRETSMANAGER_ROTATION_ENABLED_CHECK, SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].password = Password::Own,
            |f| {
                f.stack.phase = Phase::Live;
                f.clusters[0].secret_status = "impaired".to_owned().into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if cluster.password == Password::Own {
            verdict.broken(
                &cluster.address,
                "manage_master_user_password",
                "a password that somebody set",
                "one that RDS manages in Secrets Manager",
            );
            continue;
        }
        if cluster.password == Password::Managed
            && !facts.planned()
            && let Some(status) = verdict.known(&cluster.secret_status, &cluster.address, "secret_status")
            && !matches!(status.as_str(), "active" | "rotating" | "creating")
        {
            verdict.broken(&cluster.address, "secret_status", status, "active or rotating");
        }
    }
}
