//! The surcharge for versions whose standard support has ended. AWS enrols every cluster by itself, and the third year is
//! dearer.

use super::Priced;
use super::capacity;
use super::sheet::{Sheet, Used};
use super::site::{Site, is_serverless};
use auroractl_cluster::DbInstance;
use auroractl_core::Model as _;
use auroractl_core::cost::HOURS;
use auroractl_params::classes::Hardware;
use auroractl_params::engines;
use jiff::ToSpan as _;
use jiff::civil::Date;

pub(super) const PRICED: Priced = Priced { kind: DbInstance::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, instance, cluster) in site.instances() {
        let Some(dear) = surcharge(&cluster.engine_version, site.today()) else { continue };
        let (key, used) = if is_serverless(instance) {
            let range = capacity::range(site, cluster).map(|range| range.times(HOURS));
            (if dear { "extended_support_3_acu" } else { "extended_support_1_acu" }, range.map(Used::Known))
        } else {
            (if dear { "extended_support_3" } else { "extended_support_1" }, vcpu_hours(instance))
        };
        sheet.add(at, "extended support", (used.unwrap_or(Used::Unstated("cluster.class")), key));
    }
}

/// vCPU-hours in a month; `None` for a class that is newer than this program.
pub(super) fn vcpu_hours(instance: &DbInstance) -> Option<Used> {
    Hardware::of_class(&instance.db_instance_class).map(|class| Used::exactly(f64::from(class.vcpu) * HOURS))
}

/// Is there a surcharge on this day, and is it the third year's?
fn surcharge(version: &str, today: Date) -> Option<bool> {
    let end: Date = engines::of(version)?.support_ends.parse().ok()?;
    let third_year = end.tomorrow().ok()?.checked_add(2.years()).ok()?;
    (today > end).then_some(today >= third_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_support_ends_on_a_day() {
        for (version, day, expected) in [
            ("16.11", "2026-11-22", None),
            ("13.23", "2026-02-28", None),
            ("13.23", "2026-03-01", Some(false)),
            ("13.23", "2028-02-29", Some(false)),
            ("13.23", "2028-03-01", Some(true)),
            ("11.21", "2026-11-22", Some(true)),
            ("99.1", "2026-11-22", None),
        ] {
            assert_eq!(surcharge(version, day.parse().unwrap()), expected, "{version} on {day}");
        }
    }
}
