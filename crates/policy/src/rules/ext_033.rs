//! EXT-033: No secret stands in the stack.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, Password};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-033",
    level: Level::Must,
    title: "No secret stands in the stack",
    why: "What stands in a stack file stands in version control, in plans, in the state and in logs, for ever. \
No waiver covers it.",
    remedy: "Take it out, and change the credential: it is known now.",
    source: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].password = Password::Own,
            |f| {
                f.tags.values_mut().next().unwrap().insert("Note".to_owned(), "AKIAIOSFODNN7EXAMPLE".to_owned());
            },
            |f| {
                f.parameter_groups[0]
                    .values
                    .insert("application_name".to_owned(), "postgres://me:pw@host/db".to_owned());
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in facts.clusters.iter().filter(|cluster| cluster.password == Password::Own && facts.planned()) {
        verdict.broken(&cluster.address, "master_user_password", "a password in the plan", "one that RDS manages");
    }
    for group in &facts.parameter_groups {
        for (name, _) in group.values.iter().filter(|(_, value)| is_secret(value)) {
            verdict.broken(
                &group.address,
                &format!("parameters.{name}"),
                "what looks like a credential",
                "no credential",
            );
        }
    }
    for (address, tags) in &facts.tags {
        for (key, _) in tags.iter().filter(|(_, value)| is_secret(value)) {
            verdict.broken(address, &format!("tags.{key}"), "what looks like a credential", "no credential");
        }
    }
}

/// An AWS access key, a private key, or an address with a password in it. The stack file's own check finds more; this one
/// also sees what AWS has.
fn is_secret(value: &str) -> bool {
    let key = |word: &str| word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA"));
    let address = |rest: &str| {
        rest.split('/').next().is_some_and(|host| host.split_once('@').is_some_and(|(user, _)| user.contains(':')))
    };
    value.contains("-----BEGIN")
        || value.split(|c: char| !c.is_ascii_alphanumeric()).any(key)
        || value.split("://").skip(1).any(address)
}
