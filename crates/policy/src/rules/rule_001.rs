//! RULE-001: The cluster spans availability zones and can fail over.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Cluster, Facts, Instance};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "RULE-001",
    level: Level::Must,
    title: "The cluster spans availability zones and can fail over",
    why: "Without a reader in another zone, the loss of the writer's zone is an outage of ten minutes or more: \
RDS has to make a new instance first.",
    remedy: "Add a reader in another zone: `readers` or `[[cluster.members]]` in section `cluster`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
    severity: [Severity::Block, Severity::Block, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        prowler: "rds_cluster_multi_az",
        security_hub: "RDS.15",
        aws_config: "RDS_CLUSTER_MULTI_AZ_ENABLED",
        cis: "v5 2.2.4, v6/7 3.2.4",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.instances.truncate(1),
            |f| f.instances.iter_mut().for_each(|i| i.zone = Some("us-east-1a".to_owned())),
            |f| {
                f.stack.phase = Phase::Live;
                f.clusters[0].multi_az = Fact::Known(false);
            },
            |f| {
                f.stack.phase = Phase::Live;
                f.clusters[0].multi_az = Fact::unknown("AWS was asked in vain");
            },
            |f| f.instances[1].tier = 5,
            |f| {
                f.instances[0].memory = Some(64.0);
                f.instances[1].memory = Some(16.0);
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for (cluster, members) in facts.with_members() {
        if members.len() < 2 {
            verdict.broken(
                &cluster.address,
                "members",
                format!("{} instance", members.len()),
                "a writer and at least one reader",
            );
            continue;
        }
        if !facts.planned() && verdict.known(&cluster.multi_az, &cluster.address, "multi_az") == Some(&false) {
            verdict.broken(
                &cluster.address,
                "multi_az",
                "all members are in one zone",
                "members in at least two zones",
            );
            continue;
        }
        let zones: BTreeSet<&str> = members.iter().filter_map(|member| member.zone.as_deref()).collect();
        if zones.len() < 2 && members.iter().all(|member| member.zone.is_some()) {
            let zone = zones.first().copied().unwrap_or_default();
            verdict.broken(
                &cluster.address,
                "members",
                format!("every member is in {zone}"),
                "members in at least two zones",
            );
        }
        takes_over(cluster, &members, verdict);
    }
}

/// A reader that is first in line and can carry the writer's load.
fn takes_over(cluster: &Cluster, members: &[&Instance], verdict: &mut Verdict<'_>) {
    let readers: Vec<_> = members.iter().filter(|member| !member.writer).collect();
    let writer = members.iter().find(|member| member.writer).and_then(|member| member.memory);
    let Some(first) = readers
        .iter()
        .filter(|reader| reader.tier <= 1)
        .max_by(|a, b| a.memory.partial_cmp(&b.memory).unwrap_or(Ordering::Equal))
    else {
        verdict.weak(
            &cluster.address,
            "members",
            "no reader has promotion tier 0 or 1",
            "one reader that is first in line",
        );
        return;
    };
    if let (Some(writer), Some(reader)) = (writer, first.memory)
        && reader < writer
    {
        verdict.weak(
            &first.address,
            "db_instance_class",
            format!("{} is smaller than the writer", first.class),
            "a reader that can carry the writer's load",
        );
    }
}
