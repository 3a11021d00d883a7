//! Values that count after a restart get one: AWS applies a static parameter at no other time, not even in the
//! maintenance window.
//!
//! A member whose own edit restarts it needs no further one: edits of several
//! kinds share the restart. An edit that restarts the whole cluster at once may
//! come before AWS has marked its members; there the restart comes behind it, and
//! is made only if the mark is still there. Values that follow from the capacity
//! range are those of serverless members alone. What an earlier run left waiting
//! is a difference of the member itself (`parameters_in_sync`), so that a run
//! that was killed between the edit and the restarts is finished by the next.

use super::observed;
use crate::db_cluster::DbCluster;
use crate::db_instance::DbInstance;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Change, awaits_restart, restarted_together};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Level, Model, Strategy, When};
use std::collections::{BTreeMap, BTreeSet};

/// Restarts. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Restarts;

impl Lowering for Restarts {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        if view.graph.manner().strategy == Strategy::Window {
            return;
        }
        let changes: BTreeMap<&Address, &Change> =
            view.plan.changes.iter().map(|change| (&change.address, change)).collect();
        for change in view.plan.changes.iter().filter(|change| stays(view, change)) {
            let causes = causes(view, change, &changes);
            if causes.is_empty() || restarts_itself(change) {
                continue;
            }
            let restart = program.operate(change, Verb::Restart);
            let whole = cluster_of(view, change).filter(|at| restarted_together(view.graph, &changes, at));
            let before = causes.into_iter().chain([&change.address]).chain(whole);
            let before: BTreeSet<StepId> = before.filter_map(|at| program.forward(at)).collect();
            before.into_iter().for_each(|earlier| program.order(earlier, restart));
        }
    }
}

/// A member that is there and stays the same instance.
fn stays(view: &View<'_>, change: &Change) -> bool {
    change.action.lives_on() && observed(view, &change.address).is_some()
}

/// The resources whose edits wait for a restart of this member: itself, its parameter group, its cluster, the cluster's
/// parameter group.
fn causes<'a>(
    view: &View<'a>,
    change: &'a Change,
    changes: &BTreeMap<&'a Address, &'a Change>,
) -> BTreeSet<&'a Address> {
    let needed = |at: &'a Address| view.graph.deps(at).filter(|dep| dep.kind() != DbInstance::KIND);
    let cluster = needed(&change.address).filter(|dep| dep.kind() == DbCluster::KIND).flat_map(needed);
    let waits = |at: &&Address| changes.get(at).is_some_and(|edit| awaits_restart(view.graph, edit, &change.address));
    needed(&change.address).chain(cluster).chain([&change.address]).filter(waits).collect()
}

/// Does its own edit restart it anyway?
fn restarts_itself(change: &Change) -> bool {
    change.fields.iter().any(|field| field.impact.level >= Level::RebootOne && field.impact.when == When::Now)
}

/// The cluster of a member.
fn cluster_of<'a>(view: &View<'a>, change: &Change) -> Option<&'a Address> {
    view.graph.deps(&change.address).find(|dep| dep.kind() == DbCluster::KIND)
}
