//! EXT-010: The VPC's default security group admits nothing.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-010",
    level: Level::Must,
    title: "The VPC's default security group admits nothing",
    why: "Whatever is launched without a group gets this one, and by default its members reach one another and \
everything else.",
    remedy: "Set `network.vpc.close_default_security_group = true`, as it is by default: auroractl takes its rules off. \
AWS makes the group with the VPC, and it can't be deleted.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
    severity: [Severity::Block, Severity::Warn, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV2_AWS_12, CKV_AWS_148",
        prowler: "ec2_securitygroup_default_restrict_traffic",
        security_hub: "EC2.2",
        aws_config: "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
        cis: "v3 5.4, v5 5.5, v6/7 6.5",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.vpcs[0].default_group_rules = 2.into(),
            |f| {
                f.stack.phase = Phase::Live;
                f.vpcs[0].default_group_rules = 1.into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if facts.vpcs.is_empty() {
        verdict.skip("the VPC is not the stack's own");
    }
    for vpc in &facts.vpcs {
        if let Some(count) = verdict.known(&vpc.default_group_rules, &vpc.address, "default_security_group")
            && *count > 0
        {
            verdict.broken(&vpc.address, "default_security_group", format!("{count} rules"), "no rules");
        }
    }
}
