//! EXT-034: VPC Block Public Access is on.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-034",
    level: Level::Could,
    title: "VPC Block Public Access is on",
    why: "It refuses ways to the internet whatever the route tables of a region say.",
    remedy: "Switch it on with `aws ec2 modify-vpc-block-public-access-options`, with exclusions for the subnets \
that need a way.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings { security_hub: "EC2.172", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.block_public_access = "block-ingress".to_owned().into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.block_public_access = "off".to_owned().into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    if verdict
        .known(&facts.surroundings.block_public_access, &cluster.address, "vpc_block_public_access")
        .is_some_and(|mode| mode == "off")
    {
        verdict.broken(&cluster.address, "vpc_block_public_access", "off", "block-ingress or block-bidirectional");
    }
}
