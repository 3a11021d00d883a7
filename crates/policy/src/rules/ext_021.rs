//! EXT-021: Roles trust one service, in this account, and may do little.

#[cfg(test)]
use super::cases::*;
use crate::document::{self, Allowed};
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use auroractl_core::Address;

/// AWS's policies that allow everything, or to allow oneself everything.
const TOO_MUCH: [&str; 3] = ["/AdministratorAccess", "/IAMFullAccess", "/PowerUserAccess"];

pub(super) const RULE: Rule = Rule {
    code: "EXT-021",
    level: Level::Must,
    title: "Roles trust one service, in this account, and may do little",
    why: "A role that any customer's service can assume acts for strangers (the confused deputy); one with \
administrator access is the account.",
    remedy: "Name `stack.account`: the role's trust is then bound to it. Keep to the policy that AWS wrote for \
the purpose.",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    severity: [Severity::Block, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_60, CKV_AWS_61, CKV_AWS_274, CKV2_AWS_40, CKV2_AWS_56",
        prowler: "iam_policy_attached_only_to_group_or_roles",
        security_hub: "IAM.1, IAM.21",
        aws_config: "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS, IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.roles[0].trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"monitoring.rds.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned()
            },
            |f| {
                f.roles[0].trust =
                    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#.to_owned()
            },
            |f| f.roles[0].trust = "nonsense".to_owned(),
            |f| f.roles[0].policies.push("arn:aws:iam::aws:policy/AdministratorAccess".to_owned()),
            |f| {
                f.roles[0].documents =
                    vec![r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"x"}}"#.to_owned()]
            },
            |f| {
                f.roles[0].documents =
                    vec![r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":["*"]}}"#.to_owned()]
            },
            |f| f.roles[0].documents = vec!["nonsense".to_owned()],
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for role in &facts.roles {
        match document::allowed(&role.trust) {
            Err(why) => verdict.broken(
                &role.address,
                "assume_role_policy_document",
                format!("it can't be read: {why}"),
                "a trust policy",
            ),
            Ok(statements) => {
                for statement in &statements {
                    trusts(&role.address, statement, verdict);
                }
            }
        }
        for policy in role.policies.iter().filter(|arn| TOO_MUCH.iter().any(|name| arn.ends_with(name))) {
            verdict.broken(&role.address, "policies", policy, "a policy for the one purpose");
        }
        for document in &role.documents {
            admits(&role.address, document, verdict);
        }
    }
}

/// What a policy of the role's own lets it do.
fn admits(address: &Address, document: &str, verdict: &mut Verdict<'_>) {
    let (field, expected) = ("policies", "the actions that it needs");
    match document::allowed(document) {
        Err(why) => verdict.broken(address, field, format!("a policy of its own can't be read: {why}"), "a policy"),
        Ok(statements) => {
            for statement in &statements {
                let whole = |action: &&String| action.as_str() == "*" || action.ends_with(":*");
                if let Some(action) = statement.actions.iter().find(whole)
                    && (action == "*" || statement.resources.iter().any(|resource| resource == "*"))
                {
                    verdict.broken(address, field, format!("action {action}"), expected);
                }
            }
        }
    }
}

fn trusts(address: &Address, statement: &Allowed, verdict: &mut Verdict<'_>) {
    let field = "assume_role_policy_document";
    if statement.is_public() {
        verdict.broken(address, field, "everybody may assume it", "one service, bound to this account");
    } else if statement.principals.len() > 1 {
        verdict.broken(
            address,
            field,
            format!("{} principals may assume it", statement.principals.len()),
            "one service",
        );
    } else if statement.principals.iter().any(|who| who.ends_with(".amazonaws.com")) && !statement.is_bound() {
        verdict.weak(address, field, "the service may assume it for any account", "a condition on aws:SourceAccount");
    }
    if statement.actions.iter().any(|action| action == "*") {
        verdict.broken(address, field, "action *", "sts:AssumeRole");
    }
}
