//! Circles among removals.
//!
//! What a record says it needs is what the stack said when the resource was
//! last made or edited, so records of different age may name one another in a
//! circle, if only by an order without a reference (`after`). Then those edges
//! give way behind which there is no reference.

use super::{Program, Release, Step, StepId};
use crate::state::State;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use serde_json::Value;
use std::collections::BTreeMap;

/// Takes edges out of circles: those without a reference first, and if that does not suffice, all.
pub(super) fn untangle(program: &mut Program, releases: &[Release], state: &State) {
    if rings(program).is_empty() {
        return;
    }
    let idle: Vec<&Release> = releases.iter().filter(|release| !refers(program, state, release)).collect();
    loosen(program, &idle);
    loosen(program, &releases.iter().collect::<Vec<_>>());
}

/// Removes these edges where they are part of a circle.
fn loosen(program: &mut Program, releases: &[&Release]) {
    let ring = rings(program);
    for Release { earlier, later } in releases {
        if ring.get(earlier).is_some_and(|number| ring.get(later) == Some(number))
            && let Some(step) = program.steps.get_mut(*later)
        {
            step.after.remove(earlier);
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

/// Does an output of the object that goes later stand in anything that was last sent for the one that goes earlier?
/// What was never recorded may refer to anything, and nothing refers to it: no step ran behind its own.
fn refers(program: &Program, state: &State, release: &Release) -> bool {
    let object = |id: StepId| known(state, program.steps.get(id)?);
    let Some((_, outputs)) = object(release.later) else { return false };
    let Some((sent, _)) = object(release.earlier) else { return true };
    let (mut needed, mut given) = (Vec::new(), Vec::new());
    texts(sent, &mut needed);
    texts(outputs, &mut given);
    needed.iter().any(|text| given.contains(text))
}

/// What was last sent for the object of a step, and its outputs.
fn known<'a>(state: &'a State, step: &Step) -> Option<(&'a Value, &'a Value)> {
    let record = state.resources.get(&step.address).filter(|record| record.generation == step.generation);
    let deposed = || state.deposed(&step.address).iter().find(|old| old.generation == step.generation);
    let recorded = record.map(|record| (&record.applied, &record.outputs));
    recorded.or_else(|| deposed().map(|old| (&old.applied, &old.outputs)))
}

fn texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(map) => map.values().for_each(|item| texts(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
