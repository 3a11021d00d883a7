//! The secret with the master password, which RDS makes for a cluster.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_cluster::DbCluster;
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: DbCluster::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for cluster in site.clusters().iter().filter(|cluster| cluster.spec.manage_master_user_password) {
        sheet.add(cluster.address, "master secret", (Used::exactly(1.0), "secret"));
    }
}
