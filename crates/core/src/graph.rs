//! The desired resources and their dependencies.
//!
//! Edges come from the references inside the specs; an order without data
//! (readers after the writer) is said with [`Desired::after`].

use crate::address::{Address, AddressError};
use crate::identity::StackId;
use crate::kind::Of;
use crate::manner::Manner;
use crate::model::{Exports, Group, Model};
use crate::reference::{Input, Ref, promises};
use crate::state::{Record, State};
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

/// One desired resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Which part of the stack it belongs to.
    pub group: Group,
    /// What the stack wants; promises stand in it.
    pub spec: Value,
    /// What must be done before it, beside what it refers to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<Address>,
}

/// A resource that the stack wants only while others are away: a plan that interrupts one of them makes it first and
/// removes it last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surge {
    /// The resource.
    pub node: Node,
    /// The resources that it stands in for.
    pub of: BTreeSet<Address>,
}

/// A resource that was added to a [`Desired`]: the only source of references to it.
#[derive(Debug)]
pub struct Handle<M> {
    address: Address,
    kind: PhantomData<fn() -> M>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), kind: PhantomData }
    }
}

impl<M: Model> Handle<M> {
    /// The resource's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A promise of one of its outputs.
    #[must_use]
    pub fn out<T>(&self) -> Input<T>
    where
        M: Exports<T>,
    {
        Input::Ref(Ref::new(self.address.clone(), M::OUTPUT))
    }
}

/// Why the desired resources are no graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Not an address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Two resources have one address.
    #[error("two resources have the address {0}")]
    Duplicate(Address),
    /// A reference leads nowhere.
    #[error("{from} refers to {to}, which is not in the stack{}", nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    Dangling {
        /// Who refers.
        from: Address,
        /// To what.
        to: Address,
        /// The nearest address of the same kind.
        nearest: Option<Address>,
    },
    /// Resources need one another in a circle.
    #[error("these resources need one another: {}", path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))]
    Cycle {
        /// The circle, its first member repeated at the end.
        path: Vec<Address>,
    },
    /// A spec can't be written as JSON.
    #[error("the spec of {0} can't be written: {1}")]
    Unwritable(Address, String),
}

/// Desired resources while they are gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// The stack.
    pub stack: StackId,
    /// The resources.
    pub nodes: BTreeMap<Address, Node>,
    /// What is wanted for a while only. Beside the resources, so that whoever asks what the stack has does not find it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub surges: BTreeMap<Address, Surge>,
    /// How it wants them changed.
    #[serde(default, skip_serializing_if = "Manner::is_usual")]
    pub manner: Manner,
}

impl Desired {
    /// A stack without resources.
    #[must_use]
    pub fn new(stack: StackId) -> Self {
        Self { stack, nodes: BTreeMap::new(), surges: BTreeMap::new(), manner: Manner::default() }
    }

    /// What a state remembers, read as a wish: planning it finds what somebody else changed. Records of different age may name
    /// one another in a circle, and are wished for all the same: nothing is made from this, so that within a circle no order
    /// is needed.
    #[must_use]
    pub fn remembered(state: &State, group: &dyn Fn(&str) -> Group) -> Self {
        let known = |record: &Record| -> BTreeSet<Address> {
            record.deps.iter().filter(|dep| state.resources.contains_key(dep)).cloned().collect()
        };
        let mut deps: Deps = state.resources.iter().map(|(at, record)| (at.clone(), known(record))).collect();
        untie(&mut deps);
        let mut node = |at: &Address, record: &Record| Node {
            group: group(&record.kind),
            spec: record.applied.clone(),
            after: deps.remove(at).unwrap_or_default(),
        };
        let nodes = state.resources.iter().map(|(at, record)| (at.clone(), node(at, record))).collect();
        Self { nodes, ..Self::new(state.stack.clone()) }
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// When its name is no part of an address or its address is taken.
    pub fn add<M: Model>(&mut self, name: &str, spec: &M) -> Result<Handle<M>, GraphError> {
        let (handle, node) = self.new_node(name, spec)?;
        self.nodes.insert(handle.address.clone(), node);
        Ok(handle)
    }

    /// Adds a resource that stands in for others while they are away. Nothing else can refer to it.
    ///
    /// # Errors
    /// When its name is no part of an address or its address is taken.
    pub fn surge<M: Model>(&mut self, name: &str, spec: &M, of: &[Handle<M>]) -> Result<Handle<M>, GraphError> {
        let (handle, node) = self.new_node(name, spec)?;
        let of = of.iter().map(|one| one.address.clone()).collect();
        self.surges.insert(handle.address.clone(), Surge { node, of });
        Ok(handle)
    }

    fn new_node<M: Model>(&self, name: &str, spec: &M) -> Result<(Handle<M>, Node), GraphError> {
        let address = Address::new(M::KIND, name)?;
        let spec =
            serde_json::to_value(spec).map_err(|why| GraphError::Unwritable(address.clone(), why.to_string()))?;
        if self.nodes.contains_key(&address) || self.surges.contains_key(&address) {
            return Err(GraphError::Duplicate(address));
        }
        let node = Node { group: M::GROUP, spec, after: BTreeSet::new() };
        Ok((Handle { address, kind: PhantomData }, node))
    }

    /// Says that one resource comes after another without needing its outputs.
    pub fn after<A: Model, B: Model>(&mut self, later: &Handle<A>, earlier: &Handle<B>) {
        let surge = self.surges.get_mut(&later.address).map(|surge| &mut surge.node);
        if let Some(node) = self.nodes.get_mut(&later.address).or(surge) {
            node.after.insert(earlier.address.clone());
        }
    }

    /// The desired spec of a resource, read back.
    #[must_use]
    pub fn spec<M: Model>(&self, of: &Handle<M>) -> Option<M> {
        Of::<M>::spec(&self.nodes.get(&of.address)?.spec).ok()
    }

    /// Checks references and order.
    ///
    /// # Errors
    /// All dangling references, or else all circles.
    pub fn check(self) -> Result<Graph, Vec<GraphError>> {
        Graph::new(self)
    }
}

/// Desired resources whose references all lead somewhere and never in a circle.
#[derive(Clone, Debug)]
pub struct Graph {
    desired: Desired,
    /// What each resource needs, and each surge: its references and its `after`.
    deps: Deps,
    order: Vec<Address>,
}

impl Graph {
    fn new(desired: Desired) -> Result<Self, Vec<GraphError>> {
        let mut deps: Deps = desired.nodes.iter().map(|(at, node)| (at.clone(), needs(node))).collect();
        let surges: Deps = desired.surges.iter().map(|(at, surge)| (at.clone(), needs(&surge.node))).collect();
        let stand_ins = desired.surges.iter().map(|(at, surge)| (at, &surge.of));
        let dangling: Vec<GraphError> = deps
            .iter()
            .chain(&surges)
            .chain(stand_ins)
            .flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
            .filter(|(_, to)| !desired.nodes.contains_key(to))
            .map(|(from, to)| GraphError::Dangling {
                from: from.clone(),
                to: to.clone(),
                nearest: nearest(to, &desired),
            })
            .collect();
        if !dangling.is_empty() {
            return Err(dangling);
        }
        let order = ordered(&deps)?;
        deps.extend(surges);
        Ok(Self { desired, deps, order })
    }

    /// The desired resources.
    #[must_use]
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// How the stack wants its resources changed.
    #[must_use]
    pub fn manner(&self) -> Manner {
        self.desired.manner
    }

    /// The same resources, to be changed in another way.
    #[must_use]
    pub fn with_manner(&self, manner: Manner) -> Self {
        let mut other = self.clone();
        other.desired.manner = manner;
        other
    }

    /// One desired resource.
    #[must_use]
    pub fn node(&self, address: &Address) -> Option<&Node> {
        self.desired.nodes.get(address)
    }

    /// What is wanted while others are away.
    #[must_use]
    pub fn surges(&self) -> &BTreeMap<Address, Surge> {
        &self.desired.surges
    }

    /// What a resource is made from, if it is wanted at all, and be it for a while.
    #[must_use]
    pub fn any(&self, address: &Address) -> Option<&Node> {
        self.node(address).or_else(|| Some(&self.surges().get(address)?.node))
    }

    /// What a resource needs.
    pub fn deps(&self, of: &Address) -> impl Iterator<Item = &Address> {
        self.deps.get(of).into_iter().flatten()
    }

    /// All addresses, each after everything it needs; equal graphs give equal orders.
    #[must_use]
    pub fn order(&self) -> &[Address] {
        &self.order
    }
}

fn needs(node: &Node) -> BTreeSet<Address> {
    let mut deps = node.after.clone();
    deps.extend(promises(&node.spec).into_iter().map(|promise| promise.of));
    deps
}

/// What each resource needs.
type Deps = BTreeMap<Address, BTreeSet<Address>>;

/// Each resource, with an edge from whatever it needs.
fn drawn(deps: &Deps) -> DiGraph<&Address, ()> {
    let mut graph: DiGraph<&Address, ()> = DiGraph::with_capacity(deps.len(), deps.len() * 3);
    let index: BTreeMap<&Address, NodeIndex> = deps.keys().map(|at| (at, graph.add_node(at))).collect();
    for (from, to) in deps.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to))) {
        if let (Some(from), Some(to)) = (index.get(from), index.get(to)) {
            graph.add_edge(*to, *from, ());
        }
    }
    graph
}

/// The sets of resources that need one another; most have one member.
fn rings<'a>(graph: &DiGraph<&'a Address, ()>) -> impl Iterator<Item = Vec<&'a Address>> {
    let members = move |ring: Vec<NodeIndex>| -> Vec<&'a Address> {
        ring.into_iter().filter_map(|at| graph.node_weight(at).copied()).collect()
    };
    tarjan_scc(graph).into_iter().map(members)
}

/// Takes away the needs within circles.
fn untie(deps: &mut Deps) {
    let graph = drawn(deps);
    let numbered = rings(&graph).enumerate().flat_map(|(number, ring)| ring.into_iter().map(move |at| (at, number)));
    let ring: BTreeMap<Address, usize> = numbered.map(|(at, number)| (at.clone(), number)).collect();
    for (at, needs) in deps {
        needs.retain(|need| ring.get(need) != ring.get(at));
    }
}

fn ordered(deps: &Deps) -> Result<Vec<Address>, Vec<GraphError>> {
    let graph = drawn(deps);
    match toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().filter_map(|at| graph.node_weight(at).map(|at| (*at).clone())).collect()),
        Err(_) => Err(rings(&graph)
            .filter(|ring| ring.len() > 1 || ring.iter().any(|at| deps.get(*at).is_some_and(|to| to.contains(*at))))
            .map(|ring| GraphError::Cycle { path: circle(&ring, deps) })
            .collect()),
    }
}

/// One closed walk inside a strongly connected set, in the order of need.
fn circle(ring: &[&Address], deps: &Deps) -> Vec<Address> {
    let members: BTreeSet<&Address> = ring.iter().copied().collect();
    let mut path: Vec<Address> = Vec::new();
    let mut at = members.first().copied();
    while let Some(here) = at {
        if let Some(start) = path.iter().position(|seen| seen == here) {
            let mut closed = path.split_off(start);
            closed.push(here.clone());
            return closed;
        }
        path.push(here.clone());
        at = deps.get(here).and_then(|to| to.iter().find(|to| members.contains(to)));
    }
    path
}

/// The address that differs least from a mistyped one: longest common prefix, then length.
fn nearest(to: &Address, desired: &Desired) -> Option<Address> {
    let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    desired
        .nodes
        .keys()
        .filter(|at| at.kind() == to.kind())
        .max_by_key(|at| (shared(at.name(), to.name()), std::cmp::Reverse(at.name().len())))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Scope;

    fn record(deps: &[&str]) -> Record {
        Record {
            kind: "part".into(),
            version: 1,
            scope: Scope { account: "1".into(), region: "r".into() },
            oid: String::new(),
            generation: 0,
            name: String::new(),
            applied: Value::Null,
            outputs: Value::Null,
            deps: deps.iter().map(|dep| dep.parse().unwrap()).collect(),
            incarnation: None,
            settled: true,
            born: 0,
        }
    }

    /// The first of two members changed places with the second, and one of the edits failed.
    #[test]
    fn records_that_name_one_another_are_remembered() {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let mut state = State::new(stack, "l".to_owned());
        let records: [(&str, &[&str]); 4] = [
            ("part.home", &[]),
            ("part.a", &["part.home", "part.b"]),
            ("part.b", &["part.home", "part.a", "part.gone"]),
            ("part.c", &["part.b", "part.c"]),
        ];
        for (at, deps) in records {
            state.resources.insert(at.parse().unwrap(), record(deps));
        }
        let graph = Desired::remembered(&state, &|_| Group::Cluster).check().unwrap();
        let needs = |at: &str| -> Vec<&str> { graph.deps(&at.parse().unwrap()).map(Address::name).collect() };
        assert_eq!((needs("part.a"), needs("part.b")), (vec!["home"], vec!["home"]));
        assert_eq!(needs("part.c"), ["b"]);
    }
}
