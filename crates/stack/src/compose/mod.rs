//! From the stack file to the desired graph: the only place where the five domains meet.
//!
//! Each domain has its file here. What one makes and another needs travels as typed promises ([`Handle::out`]), so the
//! edges of the graph are drawn by the types. Names in addresses are for good: identities are hashed from them.

mod backup;
mod cluster;
mod fields;
mod flow_logs;
mod monitoring;
mod network;
mod params;
mod security;

pub use monitoring::in_bytes;
pub(crate) use monitoring::{capacity, hardware};
pub(crate) use security::partition;

use crate::config::{Changes, Config, Strategy};
use crate::load::Loaded;
use crate::path::Path;
use auroractl_core::graph::GraphError;
use auroractl_core::identity::StackId;
use auroractl_core::{Address, Desired, Handle, Manner, Model, Tags};
use std::collections::BTreeMap;

/// The desired resources, and where in the stack file each comes from.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The resources.
    pub desired: Desired,
    /// The part of the stack file that asks for a resource.
    pub places: BTreeMap<Address, Path>,
}

/// Composes the desired graph.
///
/// # Errors
/// When two names come to one address; the checks of the stack file leave no other.
pub fn compose(loaded: &Loaded) -> Result<Composed, GraphError> {
    let mut draft = Draft::new(&loaded.config);
    let key = security::key(&mut draft)?;
    let role = security::monitoring_role(&mut draft)?;
    let network = network::network(&mut draft)?;
    flow_logs::flow_logs(&mut draft, &network.vpc, &key)?;
    let groups = params::groups(&mut draft)?;
    let logs = monitoring::log_groups(&mut draft, &key)?;
    let needs = cluster::Needs { key: &key, role: role.as_ref(), network: &network, groups: &groups, logs: &logs };
    let cluster = cluster::cluster(&mut draft, &needs)?;
    cluster::autoscaling(&mut draft, &cluster)?;
    backup::backup(&mut draft, &cluster.id(), &key)?;
    monitoring::alarms(&mut draft, &key)?;
    Ok(Composed { desired: draft.desired, places: draft.places })
}

/// The stack, without its account where the file names none.
#[must_use]
pub fn stack_id(config: &Config) -> StackId {
    let account = config.stack.account.clone().unwrap_or_default();
    StackId { name: config.stack.name.clone(), account, region: config.stack.region.clone() }
}

/// How the stack wants its changes made.
fn manner(config: &Config) -> Manner {
    let Changes { strategy, max_replica_lag, surge_reader: _ } = &config.changes;
    let max_lag = Changes::lag(max_replica_lag).unwrap_or(Manner::MAX_LAG);
    Manner { strategy: (*strategy).into(), max_lag }
}

/// Resources while they are gathered.
struct Draft<'a> {
    config: &'a Config,
    desired: Desired,
    places: BTreeMap<Address, Path>,
}

impl<'a> Draft<'a> {
    fn new(config: &'a Config) -> Self {
        let desired = Desired { manner: manner(config), ..Desired::new(stack_id(config)) };
        Self { config, desired, places: BTreeMap::new() }
    }

    /// Adds a resource that a part of the stack file asks for.
    fn add<M: Model>(&mut self, name: &str, spec: &M, at: &str) -> Result<Handle<M>, GraphError> {
        let handle = self.desired.add(name, spec)?;
        self.places.insert(handle.address().clone(), Path::of(at));
        Ok(handle)
    }

    /// Adds a resource that stands in for others while they are away.
    fn surge<M: Model>(&mut self, spec: &M, of: &[Handle<M>]) -> Result<Handle<M>, GraphError> {
        let handle = self.desired.surge(Changes::SURGE, spec, of)?;
        self.places.insert(handle.address().clone(), Path::of("changes.surge_reader"));
        Ok(handle)
    }

    /// Changes that interrupt wait for the maintenance window.
    fn deferred(&self) -> bool {
        self.config.changes.strategy == Strategy::Window
    }

    /// The stack's tags.
    fn tags(&self) -> Tags {
        self.config.stack.tags.clone()
    }

    /// The stack's tags and a `Name`, which is all that EC2's console shows of an object.
    fn named(&self, name: &str) -> Tags {
        let mut tags = self.tags();
        tags.entry("Name".to_owned()).or_insert_with(|| format!("{}-{name}", self.config.stack.name));
        tags
    }
}
