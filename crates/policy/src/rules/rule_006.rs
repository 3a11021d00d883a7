//! RULE-006: Backups are kept for seven days or more, and any second in them can be restored.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Profile, Rule, Severity, When};

/// `LatestRestorableTime` trails by about five minutes; this much is more than a hiccup.
const FRESH: i64 = 15;

pub(super) const RULE: Rule = Rule {
    code: "RULE-006",
    level: Level::Must,
    title: "Backups are kept for seven days or more, and any second in them can be restored",
    why: "Aurora always backs up, but keeps it for one day unless told otherwise: a mistake of Friday can't be \
undone on Monday.",
    remedy: "Set `cluster.backup.retention_days` to 7 or more, at most 35; AWS Backup keeps longer.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
    severity: [Severity::Block, Severity::Block, Severity::Warn],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_133",
        prowler: "rds_instance_backup_enabled",
        security_hub: "RDS.50",
        aws_config: "RDS_CLUSTER_BACKUP_RETENTION_CHECK",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].backup_retention = 6,
            |f| f.clusters[0].backup_window = Some(Window { start: 270, minutes: 60 }),
            |f| {
                f.stack.phase = Phase::Live;
                f.clusters[0].restorable_lag = 90.into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let least = if facts.stack.profile == Profile::Dev { 1 } else { 7 };
    for cluster in &facts.clusters {
        let days = cluster.backup_retention;
        if days < least {
            verdict.broken(
                &cluster.address,
                "backup_retention_period",
                format!("kept for {days} d"),
                format!("{least} to 35 days"),
            );
        }
        if let (Some(backup), Some(maintenance)) = (cluster.backup_window, cluster.maintenance_window)
            && backup.overlaps(maintenance)
        {
            verdict.broken(
                &cluster.address,
                "preferred_backup_window",
                "overlaps the maintenance window",
                "two windows apart",
            );
        }
        if !facts.planned()
            && let Some(lag) = verdict.known(&cluster.restorable_lag, &cluster.address, "latest_restorable_time")
            && *lag > FRESH
        {
            verdict.broken(
                &cluster.address,
                "latest_restorable_time",
                format!("{lag} minutes ago"),
                format!("at most {FRESH} minutes ago"),
            );
        }
    }
}
