//! EXT-005: The key rotates, can be saved from deletion, and is nobody else's to use.

#[cfg(test)]
use super::cases::*;
use crate::document;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-005",
    level: Level::Must,
    title: "The key rotates, can be saved from deletion, and is nobody else's to use",
    why: "When the key is gone the data is gone: no backup helps. When its policy admits everybody, encryption \
protects nothing.",
    remedy: "Keep `security.kms.rotation_days`, give `security.kms.deletion_window_days` 30 in production, and \
leave `security.kms.policy` out unless you have to.",
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
    severity: [Severity::Block, Severity::Block, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_7, CKV_AWS_33, CKV_AWS_227, CKV2_AWS_64",
        prowler: "kms_cmk_rotation_enabled, kms_cmk_not_deleted_unintentionally, kms_key_not_publicly_accessible",
        security_hub: "KMS.3, KMS.4, KMS.5",
        aws_config: "CMK_BACKING_KEY_ROTATION_ENABLED, KMS_CMK_NOT_SCHEDULED_FOR_DELETION",
        cis: "v3/v5 3.6, v6/7 4.6, v7 2.21",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.keys[0].rotation = false,
            |f| f.keys[0].enabled = false,
            |f| f.keys[0].pending_window = 7,
            |f| {
                f.keys[0].policy =
                    Some(r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*"}]}"#.to_owned())
            },
            |f| f.keys[0].policy = Some("nonsense".to_owned()),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let least = if facts.stack.profile >= Profile::Prod { 30 } else { 7 };
    for key in &facts.keys {
        if !key.rotation {
            verdict.broken(&key.address, "rotation_period_in_days", "no rotation", "automatic rotation");
        }
        if !key.enabled {
            verdict.broken(&key.address, "enabled", "false", "true");
        }
        if key.pending_window < least {
            verdict.broken(
                &key.address,
                "deletion_window_in_days",
                format!("{} days", key.pending_window),
                format!("{least} days"),
            );
        }
        if let Some(fault) = key.policy.as_deref().and_then(document::fault) {
            verdict.broken(&key.address, "policy", fault, "principals, or a condition that binds it to the account");
        }
    }
}
