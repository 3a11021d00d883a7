//! What a plan asks of AWS, as far as AWS can refuse it.

use crate::db_cluster::{DbCluster, ServerlessV2Scaling, StorageType};
use crate::db_instance::DbInstance;
use auroractl_core::plan::{Action, Change};
use auroractl_core::{Address, Context, Graph, Model, Observed, Of, Plan};
use std::collections::BTreeMap;

/// Everything that a plan makes or changes and that AWS may not offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// Clusters that are made, or that get another version, capacity range or storage.
    pub clusters: BTreeMap<Address, Cluster>,
    /// Instances that are made, or that get another class or zone.
    pub instances: BTreeMap<Address, Want>,
    /// How many resources are made, by kind.
    pub made: BTreeMap<String, u64>,
}

/// A cluster that is made or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The wanted version.
    pub version: String,
    /// The version that runs, when it is to be changed.
    pub runs: Option<String>,
    /// The wanted capacity range.
    pub serverless: Option<ServerlessV2Scaling>,
    /// The wanted storage type.
    pub storage: StorageType,
}

/// An instance that is made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Version of its cluster.
    pub version: String,
    /// Storage type of its cluster.
    pub storage: StorageType,
    /// The wanted class.
    pub class: String,
    /// The wanted zone.
    pub zone: Option<String>,
}

impl Wish {
    /// What a plan asks for; `None` when there is nothing that AWS could refuse for want of an offer.
    #[must_use]
    pub fn of(plan: &Plan, graph: &Graph, observed: &BTreeMap<Address, Observed>) -> Option<Self> {
        let mut wish = Self::default();
        for change in &plan.changes {
            if matches!(change.action, Action::Create | Action::Replace) {
                *wish.made.entry(change.address.kind().to_owned()).or_default() += 1;
            }
            wish.cluster(change, graph, observed);
            wish.instance(change, graph);
        }
        let quotas = wish.made.keys().any(|kind| super::judge::quota(kind).is_some());
        (quotas || !wish.clusters.is_empty() || !wish.instances.is_empty()).then_some(wish)
    }

    /// All versions that are asked for.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        let of_clusters = self.clusters.values().map(|cluster| cluster.version.as_str());
        of_clusters.chain(self.instances.values().map(|instance| instance.version.as_str()))
    }

    fn cluster(&mut self, change: &Change, graph: &Graph, observed: &BTreeMap<Address, Observed>) {
        const FIELDS: [&str; 4] =
            ["engine_version", "serverless_v2_scaling_configuration", "storage_type", "db_cluster_identifier"];
        if change.address.kind() != DbCluster::KIND || !touched(change, &FIELDS) {
            return;
        }
        let Some(spec) = spec::<DbCluster>(graph, &change.address) else { return };
        let context = Context { address: &change.address, observed };
        let live = context.all::<DbCluster>().find(|(at, _, _)| **at == change.address);
        let runs = live.map(|(_, live, _)| live.engine_version).filter(|_| touched_one(change, "engine_version"));
        let cluster = Cluster {
            version: spec.engine_version,
            runs,
            serverless: spec.serverless_v2_scaling_configuration,
            storage: spec.storage_type,
        };
        self.clusters.insert(change.address.clone(), cluster);
    }

    fn instance(&mut self, change: &Change, graph: &Graph) {
        if change.address.kind() != DbInstance::KIND || !touched(change, &["db_instance_class", "availability_zone"]) {
            return;
        }
        let Some(spec) = spec::<DbInstance>(graph, &change.address) else { return };
        let mut clusters = graph.deps(&change.address).filter(|at| at.kind() == DbCluster::KIND);
        let Some(cluster) = clusters.find_map(|at| self::spec::<DbCluster>(graph, at)) else { return };
        let want = Want {
            version: cluster.engine_version,
            storage: cluster.storage_type,
            class: spec.db_instance_class,
            zone: spec.availability_zone,
        };
        self.instances.insert(change.address.clone(), want);
    }
}

fn spec<M: Model>(graph: &Graph, at: &Address) -> Option<M> {
    Of::<M>::spec(&graph.node(at)?.spec).ok()
}

/// Is the resource made, or one of these fields edited?
fn touched(change: &Change, fields: &[&str]) -> bool {
    match change.action {
        Action::Create | Action::Replace => true,
        Action::Update | Action::Restart | Action::Adopt => fields.iter().any(|field| touched_one(change, field)),
        Action::NoOp | Action::Delete | Action::Forget | Action::Refused => false,
    }
}

fn touched_one(change: &Change, field: &str) -> bool {
    change.fields.iter().any(|edit| edit.path.split('.').next() == Some(field))
}
