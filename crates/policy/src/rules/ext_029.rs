//! EXT-029: Interface endpoints are in every zone of the database, with a policy.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    code: "EXT-029",
    level: Level::Could,
    title: "Interface endpoints are in every zone of the database, with a policy",
    why: "An endpoint in one zone is one more thing that goes down with it; without a policy it serves every \
account.",
    remedy: "Let the stack make them: `network.vpc.endpoints`.",
    source: "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        prowler: "vpc_endpoint_multi_az_enabled, vpc_endpoint_connections_trust_boundaries",
        security_hub: "EC2.10, EC2.55",
        aws_config: "SERVICE_VPC_ENDPOINT_ENABLED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.endpoints[0].subnets.pop_first();
            },
            |f| f.endpoints[0].policy = false,
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let zones: BTreeMap<&String, &String> =
        facts.subnets.iter().filter_map(|subnet| Some((&subnet.name, subnet.zone.known()?))).collect();
    let zone = |name: &String| zones.get(name).copied();
    let database: BTreeSet<&String> =
        facts.subnet_groups.iter().flat_map(|group| &group.subnets).filter_map(zone).collect();
    for endpoint in facts.endpoints.iter().filter(|endpoint| endpoint.interface) {
        let own: BTreeSet<&String> = endpoint.subnets.iter().filter_map(zone).collect();
        if !database.is_subset(&own) {
            verdict.broken(
                &endpoint.address,
                "subnet_ids",
                format!("{} of {} zones", own.len(), database.len()),
                "every zone of the database",
            );
        }
        if !endpoint.policy {
            verdict.broken(
                &endpoint.address,
                "policy_document",
                "the default one, which admits every account",
                "a policy bound to the account",
            );
        }
    }
}
