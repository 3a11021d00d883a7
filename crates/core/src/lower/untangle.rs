//! Circles among removals.
//!
//! What a record says it needs is what the stack said when the resource was
//! last made or edited, so records of different age may name one another in a
//! circle, if only by an order without a reference (`after`). Then those edges
//! give way behind which there is no reference.

use super::{Program, Release, StepId};
use crate::address::Address;
use crate::state::State;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use serde_json::Value;
use std::collections::BTreeMap;

/// Takes edges out of circles: those without a reference first, and if that does not suffice, all.
pub(super) fn untangle(program: &mut Program, releases: &[Release], state: &State) {
    let idle = |release: &Release| !refers(state, &release.user, &release.used);
    loosen(program, releases, &idle);
    loosen(program, releases, &|_| true);
}

/// Removes the edges in question that are part of a circle.
fn loosen(program: &mut Program, releases: &[Release], loose: &dyn Fn(&Release) -> bool) {
    let ring = rings(program);
    for release in releases {
        let (earlier, later) = (ring.get(&release.earlier), ring.get(&release.later));
        if earlier.is_some()
            && earlier == later
            && loose(release)
            && let Some(step) = program.steps.get_mut(release.later)
        {
            step.after.remove(&release.earlier);
        }
    }
}

/// The steps that stand in circles, with the number of their circle.
fn rings(program: &Program) -> BTreeMap<StepId, usize> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<_> = program.steps.iter().map(|_| graph.add_node(())).collect();
    for (to, step) in nodes.iter().zip(&program.steps) {
        for from in step.after.iter().filter_map(|earlier| nodes.get(*earlier)) {
            graph.add_edge(*from, *to, ());
        }
    }
    let rings = tarjan_scc(&graph).into_iter().filter(|ring| ring.len() > 1).enumerate();
    rings.flat_map(|(number, ring)| ring.into_iter().map(move |node| (node.index(), number))).collect()
}

/// Does an output of `used` stand in anything that was last sent for `user`?
fn refers(state: &State, user: &Address, used: &Address) -> bool {
    let mut outputs = Vec::new();
    let current = state.resources.get(used).map(|record| &record.outputs);
    for value in current.into_iter().chain(state.deposed(used).iter().map(|old| &old.outputs)) {
        texts(value, &mut outputs);
    }
    let mut sent = Vec::new();
    let current = state.resources.get(user).map(|record| &record.applied);
    for value in current.into_iter().chain(state.deposed(user).iter().map(|old| &old.applied)) {
        texts(value, &mut sent);
    }
    sent.iter().any(|text| outputs.contains(text))
}

fn texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(map) => map.values().for_each(|item| texts(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
