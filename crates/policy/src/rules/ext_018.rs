//! EXT-018: Snapshots are encrypted and shared with nobody unknown.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-018",
    level: Level::Must,
    title: "Snapshots are encrypted and shared with nobody unknown",
    why: "A public snapshot is the whole database, for everybody.",
    remedy: "Take the value `all` off the snapshot's attribute `restore` with `aws rds \
modify-db-cluster-snapshot-attribute`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-share-snapshot.html",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        checkov: "CKV_AWS_146, CKV_AWS_302",
        prowler: "rds_snapshots_encrypted, rds_snapshots_public_access",
        security_hub: "RDS.1, RDS.4",
        aws_config: "RDS_SNAPSHOT_ENCRYPTED, RDS_SNAPSHOTS_PUBLIC_PROHIBITED",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.snapshots = vec![snapshot()].into();
        },
        breaks: &[
            |f| {
                f.stack.phase = Phase::Live;
                f.surroundings.snapshots = vec![Snapshot { encrypted: false, ..snapshot() }].into();
            },
            |f| {
                f.stack.phase = Phase::Live;
                f.surroundings.snapshots = vec![Snapshot { public: true.into(), ..snapshot() }].into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    let Some(snapshots) = verdict.known(&facts.surroundings.snapshots, &cluster.address, "snapshots") else { return };
    for snapshot in snapshots {
        if !snapshot.encrypted {
            verdict.broken(
                &snapshot.cluster,
                "snapshots",
                format!("{} is not encrypted", snapshot.identifier),
                "encrypted snapshots",
            );
        }
        if verdict.known(&snapshot.public, &snapshot.cluster, "snapshots") == Some(&true) {
            verdict.broken(
                &snapshot.cluster,
                "snapshots",
                format!("everybody may restore {}", snapshot.identifier),
                "no attribute restore with `all`",
            );
        }
    }
}
