//! RULE-107: The subnet group covers three availability zones.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "RULE-107",
    level: Level::Should,
    title: "The subnet group covers three availability zones",
    why: "Two zones are what RDS demands. With three, a zone can be lost and the cluster can still fail over.",
    remedy: "Set `network.vpc.az_count = 3`, or name subnets of three zones in `network.existing`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    severity: [Severity::Warn, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings { prowler: "vpc_subnet_different_az", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.subnets.iter_mut().for_each(|s| s.zone = "us-east-1a".to_owned().into()),
            |f| f.subnets[2].zone = "us-east-1a".to_owned().into(),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let least = if facts.stack.profile >= Profile::Prod { 3 } else { 2 };
    for group in &facts.subnet_groups {
        let subnets: Vec<_> = facts.subnets.iter().filter(|subnet| group.subnets.contains(&subnet.name)).collect();
        let known =
            subnets.iter().filter_map(|subnet| verdict.known(&subnet.zone, &subnet.address, "availability_zone"));
        let zones: BTreeSet<&String> = known.collect();
        let unknown = subnets.iter().any(|subnet| subnet.zone.known().is_none());
        if zones.len() < least && !unknown {
            verdict.broken(
                &group.address,
                "subnet_ids",
                format!("{} zones", zones.len()),
                format!("at least {least} zones"),
            );
        }
    }
}
