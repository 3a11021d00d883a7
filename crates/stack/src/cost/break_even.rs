//! From which load on another choice is cheaper: I/O-Optimized or Standard storage, serverless or provisioned instances.

use super::sheet::{Rate, usd};
use super::site::{Cluster, Site, compute, is_serverless};
use super::{capacity, io, storage};
use auroractl_cluster::{DbCluster, DbInstance, StorageType};
use auroractl_core::Address;
use auroractl_core::cost::HOURS;
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
        /// The load at which both cost the same.
        above_io_millions: f64,
        /// What the stack file assumes.
        assumed_io_millions: Option<f64>,
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
fn io_optimized(site: &Site<'_>, cluster: &Cluster<'_>) -> Option<Question> {
    let price = |key: &str| usd(site.prices(), Rate::from(key));
    let mut dearer = 0.0;
    for (_, instance) in &cluster.members {
        let hours = if is_serverless(instance) { capacity::range(site, &cluster.spec)?.likely * HOURS } else { HOURS };
        let rate = Rate { factor: None, ..compute(instance, &cluster.spec) };
        dearer += hours * usd(site.prices(), rate)? * (price("io_optimized_compute")? - 1.0);
    }
    let assumed = site.assumed();
    if let Some(gib) = assumed.storage_gib {
        dearer += gib * (price(storage::key(StorageType::AuroraIopt1))? - price(storage::key(StorageType::Aurora))?);
    }
    let above_io_millions = dearer / price(io::KEY).filter(|price| *price > 0.0)?;
    Some(Question::IoOptimized {
        above_io_millions,
        assumed_io_millions: assumed.io_millions,
        chosen: cluster.spec.storage_type == StorageType::AuroraIopt1,
        storage_counted: assumed.storage_gib.is_some(),
    })
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
    Some(Question::Serverless { below_acu: hour / acu, assumed_acu: site.assumed().average_acu, chosen, class })
}

/// The cheapest class that is priced and has so much memory; of equally cheap ones the first by name.
fn fitting(site: &Site<'_>, gib: f64) -> Option<(String, f64)> {
    let fits = |class: &str| Hardware::of_class(class).is_some_and(|hardware| hardware.memory_gib >= gib);
    let fitting = site.prices().classes().filter(|(class, _)| fits(class));
    fitting.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(class, usd)| (class.to_owned(), usd))
}
