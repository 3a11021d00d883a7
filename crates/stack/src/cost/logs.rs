//! Log groups: what is written to them, and what is kept once they are as old as their retention.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;
use auroractl_monitoring::LogGroup;

pub(super) const PRICED: Priced = Priced { kind: LogGroup::KIND, lines };

/// Days in a month.
const DAYS: f64 = HOURS / 24.0;

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let groups = site.all::<LogGroup>();
    for (at, group) in &groups {
        let written = || Used::assumed(site.assumed().log_gib, ("cost.log_gib", groups.len()));
        sheet.add(at, "log ingestion", (written(), "log_ingest"));
        // AWS compresses before it counts, by how much it does not say: this is the upper end.
        let kept = match group.retention_in_days {
            Some(days) => written().times(f64::from(days) / DAYS),
            None => Used::Unstated("monitoring.log_retention_days"),
        };
        sheet.add(at, "log storage", (kept, "log_store"));
    }
}
