//! Alarms: dearer where they look more often than once a minute.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_monitoring::MetricAlarm;

pub(super) const PRICED: Priced = Priced { kind: MetricAlarm::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, alarm) in site.all::<MetricAlarm>() {
        let key = if alarm.period < 60 { "alarm_high_resolution" } else { "alarm" };
        sheet.add(at, "alarm", (Used::exactly(1.0), key));
    }
}
