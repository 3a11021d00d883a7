//! I/O requests of Standard clusters. I/O-Optimized ones pay none.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_cluster::{DbCluster, StorageType};
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: DbCluster::KIND, lines };

/// The price of a million requests.
pub(super) const KEY: &str = "io_standard";

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for cluster in site.clusters().iter().filter(|cluster| cluster.spec.storage_type == StorageType::Aurora) {
        let used = Used::assumed(site.assumed().io_millions, ("cost.io_millions", site.clusters().len()));
        sheet.add(cluster.address, "I/O requests", (used, KEY));
    }
}
