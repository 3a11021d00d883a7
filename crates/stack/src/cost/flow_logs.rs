//! Flow logs: what is written, which AWS counts as logs that a service vends, and what is kept of it.

use super::Priced;
use super::logs::kept;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_core::Model as _;
use auroractl_monitoring::LogGroup;
use auroractl_network::FlowLog;

pub(super) const PRICED: Priced = Priced { kind: FlowLog::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let (logs, groups) = (site.all::<FlowLog>(), site.all::<LogGroup>());
    for (at, log) in &logs {
        let written = || Used::assumed(site.assumed().flow_log_gib, ("cost.flow_log_gib", logs.len()));
        sheet.add(at, "flow log ingestion", (written(), "log_ingest"));
        let group = groups.iter().find(|(group, spec)| super::logs::is(&log.log_group_name, group, spec));
        let days = group.and_then(|(_, spec)| spec.retention_in_days);
        sheet.add(at, "flow log storage", (kept(written(), days, "network.vpc.flow_logs.retention_days"), "log_store"));
    }
}
