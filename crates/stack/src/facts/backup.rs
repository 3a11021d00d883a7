//! Facts about plans of AWS Backup.

use super::View;
use crate::config;
use auroractl_cluster::{BackupPlan, BackupSelection, BackupVault, DbCluster};
use auroractl_core::Model as _;
use auroractl_policy::{Fact, Facts, facts};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn fill(view: &View<'_>, into: &mut Facts) {
    let mut selected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, selection, _) in view.all::<BackupSelection>() {
        let plan = view.name(BackupPlan::KIND, &selection.backup_plan_id);
        selected.entry(plan).or_default().insert(view.name(DbCluster::KIND, &selection.db_cluster_identifier));
    }
    let keys: BTreeMap<String, Fact<facts::Key>> = view
        .all::<BackupVault>()
        .map(|(at, vault, _)| (at.to_string(), view.key(Some(&vault.encryption_key_arn))))
        .collect();
    into.backup_plans.extend(view.all::<BackupPlan>().map(|(at, plan, _)| {
        let vaults = plan.rules.values().map(|rule| view.name(BackupVault::KIND, &rule.target_backup_vault_name));
        let copies = plan.rules.values().flat_map(|rule| &rule.copies);
        facts::BackupPlan {
            address: at.clone(),
            clusters: selected.remove(at.as_str()).unwrap_or_default(),
            copies: copies.filter_map(|vault| config::BackupPlan::region_of(vault)).map(str::to_owned).collect(),
            vault_keys: vaults.filter_map(|vault| keys.get(&vault).cloned()).collect(),
        }
    }));
}
