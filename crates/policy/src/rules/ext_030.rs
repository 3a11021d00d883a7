//! EXT-030: The cluster is in a VPC, with no gateway to the internet.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-030",
    level: Level::Must,
    title: "The cluster is in a VPC, with no gateway to the internet",
    why: "The express configuration makes a cluster without VPC that the internet reaches through a gateway of \
AWS's.",
    remedy: "Make the cluster with auroractl, which never asks for it; move the data of an express cluster by a \
snapshot.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-express.html",
    severity: [Severity::Block, Severity::Block, Severity::Info],
    when: When::Both,
    fix: Fix::Replace,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases { keeps: |_| {}, breaks: &[|f| f.clusters[0].internet_gateway = true.into()] },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        if verdict.known(&cluster.internet_gateway, &cluster.address, "internet_gateway") == Some(&true) {
            verdict.broken(&cluster.address, "internet_gateway", "an internet access gateway", "none");
        }
    }
}
