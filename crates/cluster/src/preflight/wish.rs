//! What a plan asks of AWS, as far as AWS can refuse it.

use crate::db_cluster::{DbCluster, ServerlessV2Scaling, StorageType};
use crate::db_instance::DbInstance;
use crate::version::{self, Step};
use auroractl_core::plan::Change;
use auroractl_core::{Address, Graph, Model, Observed, Of, Plan};
use std::collections::BTreeMap;

/// Everything that a plan makes or changes and that AWS may not offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// Clusters that are made, or that get another version or capacity range.
    pub clusters: BTreeMap<Address, Cluster>,
    /// Instances that are made, or that get another class or zone.
    pub instances: BTreeMap<Address, Want>,
    /// How many resources are made, by kind.
    pub made: BTreeMap<String, u64>,
}

/// A cluster that is made or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The version that it will run.
    pub version: String,
    /// It is made with that version, or gets it: then the version has to be on offer.
    pub chosen: bool,
    /// The version that runs, when it is to be changed.
    pub runs: Option<String>,
    /// The wanted capacity range.
    pub serverless: Option<ServerlessV2Scaling>,
}

/// An instance that is made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The version that its cluster will run.
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
            if change.makes() {
                *wish.made.entry(change.address.kind().to_owned()).or_default() += 1;
            }
            wish.cluster(change, graph, observed);
            wish.instance(change, graph, observed);
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
        const FIELDS: [&str; 2] = ["engine_version", "serverless_v2_scaling_configuration"];
        if change.address.kind() != DbCluster::KIND || !FIELDS.iter().any(|field| change.sends(field)) {
            return;
        }
        let Some((spec, runs)) = cluster(&change.address, graph, observed) else { return };
        let version = will_run(&spec, runs.as_deref());
        let cluster = Cluster {
            chosen: change.sends("engine_version") && runs.as_ref() != Some(&version),
            version,
            runs: runs.filter(|_| change.edits("engine_version")),
            serverless: spec.serverless_v2_scaling_configuration,
        };
        self.clusters.insert(change.address.clone(), cluster);
    }

    fn instance(&mut self, change: &Change, graph: &Graph, observed: &BTreeMap<Address, Observed>) {
        const FIELDS: [&str; 2] = ["db_instance_class", "availability_zone"];
        if change.address.kind() != DbInstance::KIND || !FIELDS.iter().any(|field| change.sends(field)) {
            return;
        }
        let Some(spec) = spec::<DbInstance>(graph, &change.address) else { return };
        let mut clusters = graph.deps(&change.address).filter(|at| at.kind() == DbCluster::KIND);
        let Some((of, runs)) = clusters.find_map(|at| cluster(at, graph, observed)) else { return };
        let want = Want {
            version: will_run(&of, runs.as_deref()),
            storage: of.storage_type,
            class: spec.db_instance_class,
            zone: spec.availability_zone,
        };
        self.instances.insert(change.address.clone(), want);
    }
}

/// A cluster of the stack, with the version that it runs if it is there.
fn cluster(at: &Address, graph: &Graph, observed: &BTreeMap<Address, Observed>) -> Option<(DbCluster, Option<String>)> {
    let live = observed.get(at).and_then(Observed::live).and_then(|live| Of::<DbCluster>::spec(&live.spec).ok());
    Some((spec::<DbCluster>(graph, at)?, live.map(|live| live.engine_version)))
}

/// The stack's version, unless AWS is ahead of it: the stack's may no longer be offered then, and does not have to be.
fn will_run(spec: &DbCluster, runs: Option<&str>) -> String {
    let satisfied =
        |runs: &&str| version::step(runs, &spec.engine_version, spec.auto_minor_version_upgrade) == Step::None;
    runs.filter(satisfied).unwrap_or(&spec.engine_version).to_owned()
}

fn spec<M: Model>(graph: &Graph, at: &Address) -> Option<M> {
    Of::<M>::spec(&graph.any(at)?.spec).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::FieldChange;
    use auroractl_core::graph::Desired;
    use auroractl_core::identity::StackId;
    use auroractl_core::impact::Impact;
    use auroractl_core::model::Group;
    use auroractl_core::observed::{Live, Owner};
    use auroractl_core::plan::Action;

    fn graph() -> Graph {
        let mut desired = Desired::new(StackId { name: "s".into(), account: "1".into(), region: "r".into() });
        let cluster = desired.add("main", &crate::db_cluster::sample()).unwrap();
        let member = crate::testing::member("orders-a", "db.r7g.large");
        let member = DbInstance { db_cluster_identifier: cluster.out(), ..member };
        desired.add("a", &member).unwrap();
        desired.check().unwrap()
    }

    fn change(at: &str, action: Action, field: Option<&str>) -> Change {
        let edit = |path: &str| FieldChange {
            path: path.to_owned(),
            before: serde_json::Value::Null,
            after: serde_json::Value::Null,
            impact: Impact::TAGS,
        };
        Change {
            fields: field.map(edit).into_iter().collect(),
            ..Change::bare(at.parse().unwrap(), Group::Cluster, action)
        }
    }

    fn runs(version: &str) -> BTreeMap<Address, Observed> {
        let spec = DbCluster { engine_version: version.into(), ..crate::db_cluster::sample() };
        let spec = serde_json::to_value(spec).unwrap();
        let live = Live::ready(spec, serde_json::Value::Null, Owner::Untagged);
        [("db_cluster.main".parse().unwrap(), Observed::Live(Box::new(live)))].into()
    }

    fn wish(changes: Vec<Change>, observed: &BTreeMap<Address, Observed>) -> Option<Wish> {
        Wish::of(&Plan { changes }, &graph(), observed)
    }

    #[test]
    fn a_plan_without_such_changes_asks_nothing() {
        let quiet = vec![
            change("db_cluster.main", Action::NoOp, None),
            change("db_instance.a", Action::Update, Some("promotion_tier")),
            change("vpc.main", Action::Create, None),
        ];
        assert_eq!(wish(quiet, &BTreeMap::new()), None);
    }

    #[test]
    fn what_is_made_is_asked_for() {
        let made = vec![change("db_cluster.main", Action::Create, None), change("db_instance.a", Action::Create, None)];
        let wish = wish(made, &BTreeMap::new()).unwrap();
        assert_eq!(wish.versions().collect::<Vec<_>>(), ["16.8", "16.8"]);
        assert_eq!(wish.made.values().sum::<u64>(), 2);
        assert!(wish.clusters.values().all(|cluster| cluster.runs.is_none() && cluster.chosen));
    }

    #[test]
    fn the_version_that_runs_counts_where_aws_is_ahead() {
        let added = wish(vec![change("db_instance.a", Action::Create, None)], &runs("16.11")).unwrap();
        assert_eq!(added.versions().collect::<Vec<_>>(), ["16.11"]);
        let edit = vec![change("db_cluster.main", Action::Restart, Some("engine_version"))];
        let upgrade = wish(edit, &runs("16.6")).unwrap();
        let cluster = upgrade.clusters.values().next().unwrap();
        assert_eq!((cluster.version.as_str(), cluster.runs.as_deref()), ("16.8", Some("16.6")));
        assert!(cluster.chosen);
    }

    #[test]
    fn who_edits_the_range_alone_chooses_no_version() {
        let edit = || vec![change("db_cluster.main", Action::Update, Some("serverless_v2_scaling_configuration"))];
        for observed in [runs("16.8"), runs("16.8.2"), runs("16.11"), BTreeMap::new()] {
            let edited = wish(edit(), &observed).unwrap();
            assert!(edited.clusters.values().all(|cluster| !cluster.chosen && cluster.runs.is_none()), "{edited:?}");
        }
    }
}
