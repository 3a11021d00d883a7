//! Storage of clusters, which all members share.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::{Cluster, Site};
use auroractl_cluster::{DbCluster, StorageType};
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: DbCluster::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for Cluster { address, spec, .. } in site.clusters() {
        let used = Used::assumed(site.assumed().storage_gib, ("cost.storage_gib", site.clusters().len()));
        sheet.add(address, "storage", (used, key(spec.storage_type)));
    }
}

/// The price of a GiB.
pub(super) fn key(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Aurora => "storage_standard",
        StorageType::AuroraIopt1 => "storage_io_optimized",
    }
}
