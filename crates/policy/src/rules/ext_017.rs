//! EXT-017: A plan of AWS Backup covers the cluster.

#[cfg(test)]
use super::cases::*;
use crate::facts::{BackupPlan, Facts, Key};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
#[cfg(test)]
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "EXT-017",
    level: Level::Should,
    title: "A plan of AWS Backup covers the cluster",
    why: "Aurora's own backups end with 35 days, and somebody who can delete the cluster can delete them.",
    remedy: "Add `[backup]`: it makes a plan, and a vault with the stack's key. Where another plan covers the cluster, say so in \
`policy.evidence.backup_plan`. AWS Backup takes Aurora clusters after `aws backup update-region-settings \
--resource-type-opt-in-preference Aurora=true` alone.",
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/whatisbackup.html",
    severity: [Severity::Warn, Severity::Info, Severity::Off],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV2_AWS_8, CKV_AWS_166",
        prowler: "rds_cluster_protected_by_backup_plan",
        security_hub: "RDS.26, Backup.1",
        aws_config: "AURORA_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.intent.backup_plan = false;
            f.backup_plans = vec![plan()];
        },
        breaks: &[
            |f| f.intent.backup_plan = false,
            |f| {
                f.intent.backup_plan = false;
                f.backup_plans = vec![BackupPlan { clusters: BTreeSet::new(), ..plan() }];
            },
            |f| f.backup_plans = vec![BackupPlan { vault_keys: vec![Key::Aws.into()], ..plan() }],
            |f| {
                f.stack.phase = Phase::Live;
                f.backup_plans = vec![plan()];
                f.surroundings.backup_opt_in = false.into();
            },
        ],
    },
};

/// A plan that covers the sound stack's cluster.
#[cfg(test)]
fn plan() -> BackupPlan {
    BackupPlan {
        address: "backup_plan.main".parse().unwrap(),
        clusters: BTreeSet::from(["db_cluster.main".to_owned()]),
        copies: BTreeSet::new(),
        vault_keys: vec![Key::Customer.into()],
    }
}

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if verdict.main_cluster(facts).is_none() {
        return;
    }
    for cluster in &facts.clusters {
        let plan = facts.backup_plans.iter().find(|plan| plan.clusters.contains(cluster.address.as_str()));
        match plan {
            Some(plan) => works(facts, plan, verdict),
            None if facts.intent.backup_plan => {}
            None => {
                let expected = "a plan of AWS Backup that covers the cluster";
                verdict.broken(&cluster.address, "backup_plan", "no backup plan is known", expected);
            }
        }
    }
}

/// A plan of the stack's own covers the cluster; does it do so safely, and at all?
fn works(facts: &Facts, plan: &BackupPlan, verdict: &mut Verdict<'_>) {
    for key in &plan.vault_keys {
        if verdict.known(key, &plan.address, "vault") == Some(&Key::Aws) {
            verdict.broken(&plan.address, "vault", "its vault has a key of AWS's", "a customer-managed key");
        }
    }
    if !facts.planned() && verdict.known(&facts.surroundings.backup_opt_in, &plan.address, "opt_in") == Some(&false) {
        let observed = "AWS Backup is not switched on for Aurora in this region: the plan makes nothing";
        verdict.broken(&plan.address, "opt_in", observed, "the opt-in to Aurora");
    }
}
