//! Capacity of serverless instances: a band, from the least to the most that the cluster's range lets the load ask for.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::{Site, compute, is_serverless};
use auroractl_cluster::{DbCluster, DbInstance};
use auroractl_core::Model as _;
use auroractl_core::cost::{HOURS, Usage};

pub(super) const PRICED: Priced = Priced { kind: DbInstance::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, instance, cluster) in site.instances().filter(|(_, instance, _)| is_serverless(instance)) {
        if let Some(range) = range(site, cluster) {
            sheet.add(at, "capacity", (Used::Known(range.times(HOURS)), compute(instance, cluster)));
        }
    }
}

/// The capacity of one instance of a cluster, in ACU.
pub(super) fn range(site: &Site<'_>, cluster: &DbCluster) -> Option<Usage> {
    let range = cluster.serverless_v2_scaling_configuration?;
    Some(Usage::between(range.min_capacity, range.max_capacity, site.assumed().average_acu))
}
