//! RULE-008: Parameter groups are the stack's own, with what security and diagnosis need.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, ParameterGroup};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use auroractl_core::Address;
use std::collections::BTreeMap;

/// Libraries that are loaded at the start.
const PRELOAD: &str = "shared_preload_libraries";
/// What a cluster's group sets at least.
const NEEDED: [&str; 4] = ["rds.force_ssl", "log_statement", "log_min_duration_statement", PRELOAD];

pub(super) const RULE: Rule = Rule {
    code: "RULE-008",
    level: Level::Must,
    title: "Parameter groups are the stack's own, with what security and diagnosis need",
    why: "A default parameter group can't be edited: force_ssl, query logging and statement statistics need \
one of your own, and a later change of group waits for a restart.",
    remedy: "Choose a profile with `params.workload`, and keep what it sets unless you know better.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithParamGroups.html",
    severity: [Severity::Block, Severity::Block, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings { checkov: "CKV2_AWS_27", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].parameter_group = "default.aurora-postgresql16".to_owned(),
            |f| f.instances[0].parameter_group = "default.aurora-postgresql16".to_owned(),
            |f| {
                f.parameter_groups[0].values.remove("log_statement");
            },
            |f| {
                f.parameter_groups[0].values.insert(PRELOAD.to_owned(), "pgaudit".to_owned());
            },
            |f| f.parameter_groups[1].family = "aurora-postgresql15".to_owned(),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let major = cluster.engine.major;
        if let Some(group) =
            own(facts, (&cluster.address, "db_cluster_parameter_group_name", &cluster.parameter_group), major, verdict)
        {
            for name in NEEDED.iter().filter(|name| group.value(name).is_none()) {
                verdict.broken(&group.address, &format!("parameters.{name}"), "not set", "set");
            }
            if group.value(PRELOAD).is_some() && !group.lists(PRELOAD, "pg_stat_statements") {
                verdict.broken(
                    &group.address,
                    "parameters.shared_preload_libraries",
                    group.value(PRELOAD).unwrap_or_default(),
                    "pg_stat_statements among them",
                );
            }
            if cluster.serverless.is_some() && group.value("shared_buffers").is_some() {
                verdict.broken(&group.address, "parameters.shared_buffers", "set", "not set: Serverless v2 ignores it");
            }
        }
    }
    let majors: BTreeMap<&str, u32> =
        facts.clusters.iter().map(|cluster| (cluster.address.as_str(), cluster.engine.major)).collect();
    for instance in &facts.instances {
        let Some(major) = majors.get(instance.cluster.as_str()) else { continue };
        own(facts, (&instance.address, "db_parameter_group_name", &instance.parameter_group), *major, verdict);
        if !facts.planned()
            && let Some(Some(status)) =
                verdict.known(&instance.parameters_in_sync, &instance.address, "parameters_in_sync")
        {
            verdict.weak(
                &instance.address,
                "parameters_in_sync",
                status,
                "in-sync: restart the instance in its window",
            );
        }
    }
}

/// The group, if it is no default one; its family has to be the engine's.
fn own<'f>(
    facts: &'f Facts,
    (address, field, name): (&Address, &str, &str),
    major: u32,
    verdict: &mut Verdict<'_>,
) -> Option<&'f ParameterGroup> {
    if name.starts_with("default.") {
        verdict.broken(address, field, name, "a parameter group of the stack's own");
        return None;
    }
    let group = facts.parameter_group(name)?;
    if group.family != format!("aurora-postgresql{major}") {
        verdict.broken(&group.address, "family", &group.family, format!("aurora-postgresql{major}"));
    }
    Some(group)
}
