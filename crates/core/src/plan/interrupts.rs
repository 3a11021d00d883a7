//! Whom a plan takes away for a while.
//!
//! What is made to stand in for somebody must be in the plan before there are steps. So it is told here from the changes,
//! by the same measure by which the owning crate gives turns to its resources; tests hold the two against each other.

use super::{Action, Change};
use crate::address::Address;
use crate::graph::Graph;
use crate::guard;
use crate::impact::{Level, When};
use std::collections::{BTreeMap, BTreeSet};

/// Is this resource away at some time, by an edit of its own or by a restart for the values of what it needs?
#[must_use]
pub fn interrupts(graph: &Graph, changes: &BTreeMap<&Address, &Change>, at: &Address) -> bool {
    let Some(change) = changes.get(at) else { return false };
    let felt = match change.action {
        Action::Update | Action::Restart | Action::Adopt => change.impact > Level::None || !change.pending.is_empty(),
        Action::Replace => true,
        _ => false,
    };
    felt || (change.action.lives_on() && restarts(needed(graph, at).filter_map(|dep| changes.get(dep).copied())))
}

/// Do these edits have values that wait for a restart, and is there none that restarts everybody at once?
fn restarts<'a>(edits: impl Iterator<Item = &'a Change>) -> bool {
    let fields = edits.flat_map(|change| change.fields.iter().map(move |field| (change, &field.impact)));
    let (mut waiting, mut all) = (false, false);
    for (change, impact) in fields {
        waiting |= matches!(change.action, Action::Update | Action::Restart) && impact.when == When::AtReboot;
        let parent = change.address.kind() == guard::PARENT;
        all |= parent && impact.when == When::Now && impact.level >= Level::RebootAll;
    }
    waiting && !all
}

/// What a resource needs, however indirectly, but for others of its kind.
fn needed<'a>(graph: &'a Graph, at: &'a Address) -> impl Iterator<Item = &'a Address> {
    let (mut found, mut next) = (BTreeSet::new(), vec![at]);
    while let Some(from) = next.pop() {
        let deps = graph.deps(from).filter(|dep| dep.kind() != at.kind());
        next.extend(deps.filter(|dep| found.insert(*dep)));
    }
    found.into_iter()
}
