//! Readers that come with the load: none of them to all that the target admits.

use super::Priced;
use super::capacity;
use super::sheet::{Sheet, Used};
use super::site::{Site, compute, is_serverless};
use auroractl_cluster::ScalableTarget;
use auroractl_core::Model as _;
use auroractl_core::cost::{HOURS, Usage};

pub(super) const PRICED: Priced = Priced { kind: ScalableTarget::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, target) in site.all::<ScalableTarget>() {
        let Some(cluster) = site.cluster_of(&target.db_cluster_identifier) else { continue };
        // They get the writer's class; the first member is as good as the writer unless classes differ.
        let Some((_, model)) = cluster.members.first() else { continue };
        let declared = u8::try_from(cluster.members.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let more = |readers: u8| f64::from(readers.saturating_sub(declared));
        let readers =
            Usage::between(more(target.min_capacity), more(target.max_capacity), site.assumed().autoscaled_readers);
        let each = if is_serverless(model) { capacity::range(site, &cluster.spec) } else { Some(Usage::exactly(1.0)) };
        let Some(each) = each else { continue };
        let used = Used::Known(readers.of_each(each).times(HOURS));
        sheet.add(at, "readers that come with the load", (used, compute(model, &cluster.spec)));
    }
}
