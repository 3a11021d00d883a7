//! RULE-002: Storage and the master secret are encrypted with a customer-managed key.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Fact, Facts, Key, Password};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};
use auroractl_core::Address;

pub(super) const RULE: Rule = Rule {
    code: "RULE-002",
    level: Level::Must,
    title: "Storage and the master secret are encrypted with a customer-managed key",
    why: "Only the owner of a key can see who used it, restrict it, share a snapshot with another account, or \
revoke it. New clusters are always encrypted, but with a key of AWS's.",
    remedy: "Let the stack make the key (leave `security.kms.key_arn` out), or name a customer-managed one. The \
key of a cluster's storage never changes: restore a copy of a snapshot under the new key.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Both,
    fix: Fix::Replace,
    mappings: Mappings {
        checkov: "CKV_AWS_96, CKV_AWS_327, CKV_AWS_140",
        prowler: "rds_cluster_storage_encrypted, rds_instance_storage_encrypted",
        security_hub: "RDS.27",
        aws_config: "RDS_CLUSTER_ENCRYPTED_AT_REST, RDS_STORAGE_ENCRYPTED",
        cis: "v3 2.3.1, v5 2.2.1, v6/7 3.2.1",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].encrypted = false,
            |f| f.clusters[0].key = Key::Aws.into(),
            |f| f.clusters[0].secret_key = Key::Aws.into(),
            |f| f.clusters[0].key = Fact::unknown("somebody else's"),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if !cluster.encrypted {
            verdict.broken(&cluster.address, "storage_encrypted", "false", "true");
        }
        own(&cluster.key, (&cluster.address, "kms_key_id"), facts, verdict);
        if cluster.password == Password::Managed {
            own(&cluster.secret_key, (&cluster.address, "master_user_secret_kms_key_id"), facts, verdict);
        }
    }
}

/// The design rules ask for a customer's key in production; before it, AWS's own is worth a warning, and nothing in
/// development.
fn own(key: &Fact<Key>, (address, field): (&Address, &str), facts: &Facts, verdict: &mut Verdict<'_>) {
    if facts.stack.profile == Profile::Dev {
        return;
    }
    if verdict.known(key, address, field) == Some(&Key::Aws) {
        let (observed, expected) = ("a key that AWS manages", "a customer-managed key");
        match facts.stack.profile {
            Profile::Staging => verdict.weak(address, field, observed, expected),
            _ => verdict.broken(address, field, observed, expected),
        }
    }
}
