//! Points of enhanced monitoring: they are written to a log group of RDS's own, and charged as logs.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_cluster::DbInstance;
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: DbInstance::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let monitored: Vec<_> = site.instances().filter(|(_, instance, _)| instance.monitoring_interval > 0).collect();
    for (at, ..) in &monitored {
        let used = Used::assumed(site.assumed().os_metrics_gib, ("cost.os_metrics_gib", monitored.len()));
        sheet.add(at, "enhanced monitoring", (used, "log_ingest"));
    }
}
