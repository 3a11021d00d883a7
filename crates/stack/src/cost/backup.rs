//! Backup storage beyond the size of the database. With a retention of one day AWS charges none.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_cluster::DbCluster;
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: DbCluster::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for cluster in site.clusters().iter().filter(|cluster| cluster.spec.backup_retention_period > 1) {
        let used = Used::assumed(site.assumed().backup_gib, ("cost.backup_gib", site.clusters().len()));
        sheet.add(cluster.address, "backup storage", (used, "backup"));
    }
}
