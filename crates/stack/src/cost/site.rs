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
    clusters: Vec<(&'a Address, DbCluster)>,
    instances: Vec<(&'a Address, DbInstance)>,
    pricing: &'a Pricing,
}

impl<'a> Site<'a> {
    pub(super) fn new(pricing: &'a Pricing, specs: impl Iterator<Item = (&'a Address, &'a Value)>) -> Self {
        let mut by_kind: BTreeMap<&str, Vec<(&Address, &Value)>> = BTreeMap::new();
        for (address, spec) in specs {
            by_kind.entry(address.kind()).or_default().push((address, spec));
        }
        let (clusters, instances) = (typed(&by_kind), typed(&by_kind));
        Self { specs: by_kind, clusters, instances, pricing }
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
    pub(super) fn clusters(&self) -> &[(&'a Address, DbCluster)] {
        &self.clusters
    }

    /// The instances, each with its cluster.
    pub(super) fn instances(&self) -> impl Iterator<Item = (&'a Address, &DbInstance, &DbCluster)> {
        self.instances
            .iter()
            .filter_map(|(at, instance)| Some((*at, instance, self.cluster_of(&instance.db_cluster_identifier)?)))
    }

    /// The cluster that a resource refers to, by promise or by name.
    pub(super) fn cluster_of(&self, id: &Input<ClusterId>) -> Option<&DbCluster> {
        let found = self.clusters.iter().find(|(at, cluster)| match id {
            Input::Ref(promise) => promise.promise().of == **at,
            Input::Value(name) => name.as_str() == cluster.db_cluster_identifier,
        });
        found.map(|(_, cluster)| cluster)
    }

    /// The members of a cluster.
    pub(super) fn members<'s>(&'s self, cluster: &'s DbCluster) -> impl Iterator<Item = (&'a Address, &'s DbInstance)> {
        let ours = move |of: &DbCluster| of.db_cluster_identifier == cluster.db_cluster_identifier;
        self.instances().filter(move |(_, _, of)| ours(of)).map(|(at, instance, _)| (at, instance))
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
