//! From which load on another choice is cheaper: I/O-Optimized or Standard storage, serverless or provisioned instances.
//!
//! What a choice turns on is what stands on the bill: a break-even that counts other instances than the bill contradicts it.

use super::sheet::{Rate, usd};
use super::site::{Cluster, Site, compute, is_serverless};
use super::{autoscaling, capacity, io, storage};
use auroractl_cluster::{DbCluster, DbInstance, ScalableTarget, StorageType};
use auroractl_core::Address;
use auroractl_core::cost::{HOURS, Usage};
use auroractl_params::classes::Hardware;
use serde::Serialize;

/// Memory of a capacity unit, in GiB.
const ACU_GIB: f64 = 2.0;

/// One choice and the load at which it turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BreakEven {
    /// The cluster or instance.
    pub address: Address,
    /// The choice.
    #[serde(flatten)]
    pub question: Question,
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// I/O-Optimized is cheaper than Standard above so many millions of requests a month.
    IoOptimized {
        /// The load at which both cost the same, with the capacity and the readers that the stack file states; with the most
        /// of them where it states none.
        above_io_millions: f64,
        /// The same with as much capacity and as few readers as there are when nothing is asked of them, and with the most.
        range_io_millions: [f64; 2],
        /// Whether the capacity and the readers that come with the load are not stated, so that both ends count.
        open: bool,
        /// What the stack file assumes.
        assumed_io_millions: Option<f64>,
        /// Whether it is cheaper at what the stack file assumes; `None` where that can't be told.
        cheaper: Option<bool>,
        /// The cluster is I/O-Optimized.
        chosen: bool,
        /// The size of the database was stated, and its dearer storage is counted.
        storage_counted: bool,
    },
    /// Serverless is cheaper than a provisioned class below so many ACU on average.
    Serverless {
        /// The load at which both cost the same.
        below_acu: f64,
        /// What the stack file assumes.
        assumed_acu: Option<f64>,
        /// Whether it is cheaper at what the stack file assumes, within the capacity that the cluster has.
        cheaper: Option<bool>,
        /// The instance is serverless.
        chosen: bool,
        /// The class: the instance's own, or the cheapest with as much memory as the most capacity.
        class: String,
    },
}

/// All choices that can be told from the prices that are known.
pub(super) fn all(site: &Site<'_>) -> Vec<BreakEven> {
    let clusters = site.clusters().iter().filter_map(|cluster| {
        Some(BreakEven { address: cluster.address.clone(), question: io_optimized(site, cluster)? })
    });
    let instances = site.instances().filter_map(|(at, instance, cluster)| {
        Some(BreakEven { address: at.clone(), question: serverless(site, instance, cluster)? })
    });
    clusters.chain(instances).collect()
}

/// Both cost the same where the requests cost as much as the dearer compute and storage do.
fn io_optimized<'a>(site: &Site<'a>, cluster: &Cluster<'a>) -> Option<Question> {
    let price = |key: &str| usd(site.prices(), Rate::from(key));
    let (million, factor) = (price(io::KEY).filter(|price| *price > 0.0)?, price("io_optimized_compute")?);
    let mut dearer = Usage::exactly(0.0);
    for (instance, hours) in running(site, cluster)? {
        let rate = Rate { factor: None, ..compute(instance, &cluster.spec) };
        dearer = dearer + hours.times(usd(site.prices(), rate)? * (factor - 1.0));
    }
    let (gib, requests) = (site.share(site.assumed().storage_gib), site.share(site.assumed().io_millions));
    if let Some(gib) = gib {
        let more = price(storage::key(StorageType::AuroraIopt1))? - price(storage::key(StorageType::Aurora))?;
        dearer = dearer + Usage::exactly(gib * more);
    }
    let requests_for = |dollars: f64| dollars / million;
    let (low, likely) = (requests_for(dearer.low), requests_for(dearer.likely));
    let above = Usage { low, likely, high: requests_for(dearer.high), open: dearer.open };
    Some(Question::IoOptimized {
        above_io_millions: above.likely,
        range_io_millions: [above.low, above.high],
        open: above.open,
        assumed_io_millions: requests,
        cheaper: requests.and_then(|requests| beyond(requests, above, gib.is_some())),
        chosen: cluster.spec.storage_type == StorageType::AuroraIopt1,
        storage_counted: gib.is_some(),
    })
}

/// Is this load above the break-even? Where the load decides, it has to be on the same side of all of it. Storage that is not
/// counted moves the break-even up only.
fn beyond(requests: f64, above: Usage, counted: bool) -> Option<bool> {
    let (least, most) = if above.open { (above.low, above.high) } else { (above.likely, above.likely) };
    match requests {
        few if few <= least => Some(false),
        many if many > most && counted => Some(true),
        _ => None,
    }
}

/// What runs in a cluster in a month, as its bill has it: the members, and the readers that come with the load. `None` where
/// it is not known.
fn running<'s, 'a>(site: &'s Site<'a>, cluster: &'s Cluster<'a>) -> Option<Vec<(&'s DbInstance, Usage)>> {
    let mut running = Vec::new();
    for (_, instance) in &cluster.members {
        let each = if is_serverless(instance) { capacity::range(site, &cluster.spec)? } else { Usage::exactly(1.0) };
        running.push((instance, each.times(HOURS)));
    }
    for (_, target) in site.all::<ScalableTarget>() {
        let added = autoscaling::added(site, &target).filter(|added| added.cluster.address == cluster.address);
        running.extend(added.map(|added| (added.model, added.used)));
    }
    Some(running)
}

/// Both cost the same where the average capacity costs an hour of the class. I/O-Optimized makes both dearer alike.
fn serverless(site: &Site<'_>, instance: &DbInstance, cluster: &DbCluster) -> Option<Question> {
    let chosen = is_serverless(instance);
    let acu = usd(site.prices(), Rate::from("acu")).filter(|price| *price > 0.0)?;
    let (class, hour) = if chosen {
        let most = cluster.serverless_v2_scaling_configuration?.max_capacity;
        fitting(site, most * ACU_GIB)?
    } else {
        let class = instance.db_instance_class.clone();
        let hour = usd(site.prices(), Rate::from(class.as_str()))?;
        (class, hour)
    };
    let (below_acu, assumed_acu) = (hour / acu, site.assumed().average_acu);
    // Less than the range has is paid for all the same, and more than it has is not to be had.
    let paid = if chosen { capacity::range(site, cluster).map(|range| range.likely) } else { assumed_acu };
    let cheaper = assumed_acu.and(paid).map(|paid| paid < below_acu);
    Some(Question::Serverless { below_acu, assumed_acu, cheaper, chosen, class })
}

/// The cheapest class that is priced and has so much memory; of equally cheap ones the first by name.
fn fitting(site: &Site<'_>, gib: f64) -> Option<(String, f64)> {
    let fits = |class: &str| Hardware::of_class(class).is_some_and(|hardware| hardware.memory_gib >= gib);
    let fitting = site.prices().classes().filter(|(class, _)| fits(class));
    fitting.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(class, usd)| (class.to_owned(), usd))
}
