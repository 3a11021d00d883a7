//! EXT-008: Security groups and their rules say what they are for.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-008",
    level: Level::Could,
    title: "Security groups and their rules say what they are for",
    why: "A rule without a description is never removed: nobody dares to.",
    remedy: "Describe it; a group that nothing carries can go.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Plan,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_23, CKV2_AWS_5",
        prowler: "ec2_securitygroup_not_used",
        aws_config: "EC2_SECURITY_GROUP_ATTACHED_TO_ENI",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.security_groups[0].description = " ".to_owned().into(),
            |f| f.security_groups[0].used = false,
            |f| f.security_group_rules[0].description = None,
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for group in &facts.security_groups {
        if group.description.known().is_some_and(|text| text.trim().is_empty()) {
            verdict.broken(&group.address, "description", "empty", "what it is for");
        }
        if !group.used {
            verdict.broken(&group.address, "vpc_security_group_ids", "nothing carries it", "something that carries it");
        }
    }
    for rule in facts.security_group_rules.iter().filter(|rule| rule.ours) {
        if rule.description.as_ref().is_none_or(|text| text.trim().is_empty()) {
            verdict.broken(&rule.address, "description", "none", "what it is for");
        }
    }
}
