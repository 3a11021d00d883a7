//! Hours of provisioned instances.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::{Site, compute, is_serverless};
use auroractl_cluster::DbInstance;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;

pub(super) const PRICED: Priced = Priced { kind: DbInstance::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, instance, cluster) in site.instances().filter(|(_, instance, _)| !is_serverless(instance)) {
        sheet.add(at, "instance hours", (Used::exactly(HOURS), compute(instance, cluster)));
    }
}
