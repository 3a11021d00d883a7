//! EXT-006: The alarm topic is encrypted and private, and somebody has confirmed to listen.

#[cfg(test)]
use super::cases::*;
use crate::document;
use crate::facts::{Facts, Key};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// Protocols that encrypt on the way.
const PROTOCOLS: [&str; 6] = ["https", "email", "email-json", "lambda", "sqs", "sms"];

pub(super) const RULE: Rule = Rule {
    code: "EXT-006",
    level: Level::Must,
    title: "The alarm topic is encrypted and private, and somebody has confirmed to listen",
    why: "Alarms name hosts and say what is wrong. `alias/aws/sns` does not work: CloudWatch and RDS can't use \
it.",
    remedy: "Leave `monitoring.sns_topic_arn` out, so that the stack makes the topic; receivers confirm by the \
link that they get.",
    source: "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
    severity: [Severity::Block, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_26, CKV_AWS_169, CKV_AWS_385",
        prowler: "sns_topics_kms_encryption_at_rest_enabled, sns_topics_not_publicly_accessible, \
sns_subscription_not_using_http_endpoints",
        security_hub: "SNS.1, SNS.4",
        aws_config: "SNS_ENCRYPTED_KMS, SNS_TOPIC_NO_PUBLIC_ACCESS",
        cis: "v7 2.21",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.topics[0].key = Key::Aws.into(),
            |f| {
                f.topics[0].policy = Some(
                    r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish"}]}"#.to_owned(),
                )
                .into()
            },
            |f| f.topics[0].policy = Some("nonsense".to_owned()).into(),
            |f| f.subscriptions[0].protocol = "http".to_owned(),
            |f| {
                f.stack.phase = Phase::Live;
                f.subscriptions[0].confirmed = false.into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for topic in &facts.topics {
        if verdict.known(&topic.key, &topic.address, "kms_master_key_id") == Some(&Key::Aws) {
            verdict.broken(&topic.address, "kms_master_key_id", "no key of the customer's", "a customer-managed key");
        }
        let policy = verdict.known(&topic.policy, &topic.address, "policy").and_then(Option::as_deref);
        if let Some(fault) = policy.and_then(document::fault) {
            verdict.broken(&topic.address, "policy", fault, "principals, or a condition that binds it to the account");
        }
    }
    for subscription in &facts.subscriptions {
        if !PROTOCOLS.contains(&subscription.protocol.as_str()) {
            verdict.broken(&subscription.address, "protocol", &subscription.protocol, PROTOCOLS.join(", "));
        }
        if !facts.planned()
            && verdict.known(&subscription.confirmed, &subscription.address, "confirmed") == Some(&false)
        {
            verdict.weak(
                &subscription.address,
                "confirmed",
                "the receiver has not confirmed it",
                "a confirmed subscription",
            );
        }
    }
}
