//! Database Insights: the advanced edition, and history beyond the seven days that are free.

use super::Priced;
use super::capacity;
use super::extended_support::vcpu_hours;
use super::sheet::{Sheet, Used};
use super::site::{Site, is_serverless};
use auroractl_cluster::{DbInstance, InsightsMode};
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;

pub(super) const PRICED: Priced = Priced { kind: DbInstance::KIND, lines };

/// Days of history that are free.
const FREE_DAYS: u16 = 7;

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, instance, cluster) in site.instances() {
        let serverless = is_serverless(instance);
        let hours = if serverless {
            capacity::range(site, cluster).map(|range| Used::Known(range.times(HOURS)))
        } else {
            vcpu_hours(instance)
        };
        let used = hours.unwrap_or(Used::Unstated("cluster.class"));
        let long = cluster.performance_insights_retention_period.is_some_and(|days| days > FREE_DAYS);
        match cluster.database_insights_mode {
            InsightsMode::Advanced if serverless => sheet.add(at, "database insights", (used, "insights_advanced_acu")),
            InsightsMode::Advanced => sheet.add(at, "database insights", (used, "insights_advanced")),
            // Charged by vCPU and month.
            InsightsMode::Standard if long => {
                sheet.add(at, "insights history", (used.times(1.0 / HOURS), "insights_history"))
            }
            InsightsMode::Standard => {}
        }
    }
}
