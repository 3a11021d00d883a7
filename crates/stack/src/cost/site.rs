//! The resources of a bill by their types, with the few relations that prices depend on.

use super::{Prices, Pricing};
use crate::config::Cost;
use crate::cost::sheet::Rate;
use auroractl_cluster::{DbCluster, DbInstance, StorageType};
use auroractl_core::ids::ClusterId;
use auroractl_core::{Address, Input, Model, Of};
use auroractl_params::classes::SERVERLESS;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Factor of the price of compute in an I/O-Optimized cluster.
const IO_OPTIMIZED: &str = "io_optimized_compute";
/// The price of a capacity unit.
const ACU: &str = "acu";

/// What is billed.
pub(super) struct Site<'a> {
    specs: BTreeMap<&'a str, Vec<(&'a Address, &'a Value)>>,
    clusters: Vec<Cluster<'a>>,
    places: BTreeMap<&'a Address, usize>,
    names: BTreeMap<String, usize>,
    pricing: &'a Pricing,
}

/// A cluster with its members.
pub(super) struct Cluster<'a> {
    /// Its address.
    pub(super) address: &'a Address,
    /// What it is like.
    pub(super) spec: DbCluster,
    /// Its members, by address.
    pub(super) members: Vec<(&'a Address, DbInstance)>,
}

impl<'a> Site<'a> {
    pub(super) fn new(pricing: &'a Pricing, specs: impl Iterator<Item = (&'a Address, &'a Value)>) -> Self {
        let mut by_kind: BTreeMap<&str, Vec<(&Address, &Value)>> = BTreeMap::new();
        for (address, spec) in specs {
            by_kind.entry(address.kind()).or_default().push((address, spec));
        }
        let (clusters, mut instances) = (typed::<DbCluster>(&by_kind), typed::<DbInstance>(&by_kind));
        instances.sort_by_key(|(at, _)| *at);
        let places = clusters.iter().enumerate().map(|(index, (at, _))| (*at, index)).collect();
        let names =
            clusters.iter().enumerate().map(|(index, (_, spec))| (spec.db_cluster_identifier.clone(), index)).collect();
        let empty = |(address, spec)| Cluster { address, spec, members: Vec::new() };
        let clusters = clusters.into_iter().map(empty).collect();
        let mut site = Self { specs: by_kind, clusters, places, names, pricing };
        for (at, instance) in instances {
            if let Some(cluster) = site.index(&instance.db_cluster_identifier).and_then(|i| site.clusters.get_mut(i)) {
                cluster.members.push((at, instance));
            }
        }
        site
    }

    /// Is there a resource of this kind?
    pub(super) fn has(&self, kind: &str) -> bool {
        self.specs.contains_key(kind)
    }

    /// The stack file's assumptions.
    pub(super) fn assumed(&self) -> &Cost {
        &self.pricing.assumed
    }

    /// The prices.
    pub(super) fn prices(&self) -> &Prices {
        &self.pricing.prices
    }

    /// The day.
    pub(super) fn today(&self) -> Date {
        self.pricing.today
    }

    /// All resources of a kind.
    pub(super) fn all<M: Model>(&self) -> Vec<(&'a Address, M)> {
        typed(&self.specs)
    }

    /// The clusters.
    pub(super) fn clusters(&self) -> &[Cluster<'a>] {
        &self.clusters
    }

    /// The instances, each with its cluster.
    pub(super) fn instances(&self) -> impl Iterator<Item = (&'a Address, &DbInstance, &DbCluster)> {
        self.clusters
            .iter()
            .flat_map(|cluster| cluster.members.iter().map(|(at, instance)| (*at, instance, &cluster.spec)))
    }

    /// A cluster's part of what the stack file states for all of them.
    pub(super) fn share(&self, value: Option<f64>) -> Option<f64> {
        let clusters = f64::from(u32::try_from(self.clusters.len().max(1)).unwrap_or(u32::MAX));
        value.map(|value| value / clusters)
    }

    /// The cluster that a resource refers to, by promise or by name.
    pub(super) fn cluster_of(&self, id: &Input<ClusterId>) -> Option<&Cluster<'a>> {
        self.index(id).and_then(|index| self.clusters.get(index))
    }

    fn index(&self, id: &Input<ClusterId>) -> Option<usize> {
        match id {
            Input::Ref(promise) => self.places.get(&promise.promise().of).copied(),
            Input::Value(name) => self.names.get(name.as_str()).copied(),
        }
    }
}

/// What an hour of compute is paid by.
pub(super) fn compute<'r>(instance: &'r DbInstance, cluster: &DbCluster) -> Rate<'r> {
    let key = if is_serverless(instance) { ACU } else { instance.db_instance_class.as_str() };
    Rate { key, factor: (cluster.storage_type == StorageType::AuroraIopt1).then_some(IO_OPTIMIZED) }
}

/// Does its capacity follow the load?
pub(super) fn is_serverless(instance: &DbInstance) -> bool {
    instance.db_instance_class == SERVERLESS
}

fn typed<'a, M: Model>(specs: &BTreeMap<&'a str, Vec<(&'a Address, &'a Value)>>) -> Vec<(&'a Address, M)> {
    let of_kind = specs.get(M::KIND).into_iter().flatten();
    // The plan has read every one of them before.
    of_kind.filter_map(|(at, spec)| Some((*at, Of::<M>::spec(spec).ok()?))).collect()
}
