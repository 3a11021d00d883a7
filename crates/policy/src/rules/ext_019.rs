//! EXT-019: Server certificates are valid for months.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, days};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// Authorities that sign certificates today; no plan asks AWS whether it has them.
pub const CURRENT: [&str; 3] = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"];
/// Days that a certificate should be valid for.
const SOON: i32 = 90;

pub(super) const RULE: Rule = Rule {
    code: "EXT-019",
    level: Level::Should,
    title: "Server certificates are valid for months",
    why: "When the certificate ends, every client that verifies it stops connecting at once.",
    remedy: "Set `cluster.ca_certificate` to a current authority; RDS renews the server certificate by itself, \
some versions with a restart.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::Reboot,
    mappings: Mappings { checkov: "CKV_AWS_211", prowler: "rds_instance_certificate_expiration", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.instances[0].ca = Some("rds-ca-2019".to_owned()),
            |f| {
                f.stack.phase = Phase::Live;
                f.instances[0].certificate_until = "2026-12-24".parse::<jiff::civil::Date>().unwrap().into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for instance in &facts.instances {
        if instance.ca.as_deref().is_some_and(|ca| !CURRENT.contains(&ca)) {
            verdict.broken(
                &instance.address,
                "ca_certificate_identifier",
                instance.ca.clone().unwrap_or_default(),
                CURRENT.join(", "),
            );
        }
        if facts.planned() {
            continue;
        }
        if let Some(until) = verdict.known(&instance.certificate_until, &instance.address, "certificate")
            && days(facts.stack.today, *until) <= SOON
        {
            verdict.broken(
                &instance.address,
                "certificate",
                format!("it ends on {until}"),
                format!("more than {SOON} days left"),
            );
        }
    }
}
