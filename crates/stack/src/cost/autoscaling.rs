//! Readers that come with the load: none of them to all that the target admits.

use super::Priced;
use super::capacity;
use super::sheet::{Sheet, Used};
use super::site::{Cluster, Site, compute, is_serverless};
use auroractl_cluster::{DbInstance, ScalableTarget};
use auroractl_core::Model as _;
use auroractl_core::cost::{HOURS, Usage};

pub(super) const PRICED: Priced = Priced { kind: ScalableTarget::KIND, lines };

/// Readers that come with the load.
pub(super) struct Added<'s, 'a> {
    /// The cluster that they join.
    pub(super) cluster: &'s Cluster<'a>,
    /// The member that they are like.
    pub(super) model: &'s DbInstance,
    /// What they run in a month, all of them together, in the unit of its compute.
    pub(super) used: Usage,
}

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    for (at, target) in site.all::<ScalableTarget>() {
        let Some(Added { cluster, model, used }) = added(site, &target) else { continue };
        sheet.add(at, "readers that come with the load", (Used::Known(used), compute(model, &cluster.spec)));
    }
}

/// The readers of a target; `None` where it is nobody's, or the capacity of its cluster is not known.
pub(super) fn added<'s, 'a>(site: &'s Site<'a>, target: &ScalableTarget) -> Option<Added<'s, 'a>> {
    let cluster = site.cluster_of(&target.db_cluster_identifier)?;
    // They get the writer's class; the first member is as good as the writer unless classes differ.
    let (_, model) = cluster.members.first()?;
    let declared = u8::try_from(cluster.members.len().saturating_sub(1)).unwrap_or(u8::MAX);
    let more = |readers: u8| f64::from(readers.saturating_sub(declared));
    let readers =
        Usage::between(more(target.min_capacity), more(target.max_capacity), site.assumed().autoscaled_readers);
    let each = if is_serverless(model) { capacity::range(site, &cluster.spec)? } else { Usage::exactly(1.0) };
    Some(Added { cluster, model, used: readers.of_each(each).times(HOURS) })
}
