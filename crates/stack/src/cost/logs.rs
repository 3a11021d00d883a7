//! Log groups: what is written to them, and what is kept once they are as old as their retention. Those of flow logs are
//! counted with the flow logs.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::cost::HOURS;
use auroractl_core::ids::LogGroupName;
use auroractl_core::{Address, Input, Model as _};
use auroractl_monitoring::LogGroup;
use auroractl_network::FlowLog;

pub(super) const PRICED: Priced = Priced { kind: LogGroup::KIND, lines };

/// Days in a month.
const DAYS: f64 = HOURS / 24.0;

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let flows = site.all::<FlowLog>();
    let mut groups = site.all::<LogGroup>();
    groups.retain(|(at, group)| !flows.iter().any(|(_, flow)| is(&flow.log_group_name, at, group)));
    for (at, group) in &groups {
        let written = || Used::assumed(site.assumed().log_gib, ("cost.log_gib", groups.len()));
        sheet.add(at, "log ingestion", (written(), "log_ingest"));
        let kept = kept(written(), group.retention_in_days, "monitoring.log_retention_days");
        sheet.add(at, "log storage", (kept, "log_store"));
    }
}

/// What is kept of what is written in a month. AWS compresses before it counts, by how much it does not say: this is the
/// upper end.
pub(super) fn kept(written: Used, days: Option<u32>, setting: &'static str) -> Used {
    days.map_or(Used::Unstated(setting), |days| written.times(f64::from(days) / DAYS))
}

/// Does this name mean this group?
pub(super) fn is(name: &Input<LogGroupName>, at: &Address, group: &LogGroup) -> bool {
    match name {
        Input::Ref(of) => of.promise().of == *at,
        Input::Value(name) => name.as_str() == group.log_group_name,
    }
}
