//! Members that leave a cluster go when those are there that come.
//!
//! A reader of another name is another reader: without an order the old one would be deleted while the new one is made, and
//! for minutes there would be one less. A reader that keeps its address (`[[moved]]`) is replaced, the new one first, and
//! goes on if that was interrupted.
//!
//! Aurora has at most [`MOST`] members. Where the new ones find no room, old readers go first; the writer never makes room,
//! for it waits until its role has moved. What autoscaling has made is seen by nobody: where it may have taken the room,
//! there is no order, for a new one that is refused must not keep an old one for ever.

use super::{clusters, failed, observed, operation};
use crate::db_instance::DbInstance;
use crate::scalable_target::ScalableTarget;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Model, Of, ReplaceOrder};

/// The most members of a cluster: a writer and 15 readers
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html>).
const MOST: usize = 16;

/// Members that come and go in one plan. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Newcomers;

impl Lowering for Newcomers {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for (cluster, home) in clusters(view) {
            let house = House::of(view, &cluster, &home.address);
            house.make_room(program);
            house.replace(program);
        }
        for change in view.plan.changes.iter().filter(|change| is_member(change)) {
            let Some(back) = program.forward(&change.address) else { continue };
            for (gone, generation) in program.left_over(change) {
                outlast(view, (change, back), (gone, generation), program);
            }
        }
    }
}

/// A cluster whose members change.
struct House<'a> {
    /// Whoever is there, by what is known of it.
    there: usize,
    /// So many more autoscaling may have made.
    unseen: usize,
    comes: Vec<&'a Change>,
    /// Those first whom nobody misses. One that stands in for others is none of them: it has an order of its own.
    leaves: Vec<Leaver<'a>>,
    /// The new one before the old one, since they differ by name.
    replaced: Vec<&'a Change>,
}

/// A member that leaves.
struct Leaver<'a> {
    change: &'a Change,
    is_writer: bool,
    /// It has not failed: somebody misses it.
    serves: bool,
}

impl<'a> House<'a> {
    fn of(view: &View<'a>, cluster: &str, home: &Address) -> Self {
        let here = |at: &Address| {
            let of = |spec: &DbInstance| spec.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster);
            observed(view, at).filter(|(spec, _)| of(spec))
        };
        let wanted = |at: &Address| view.graph.deps(at).any(|dep| dep == home);
        let changes: &'a [Change] = &view.plan.changes;
        let members = || changes.iter().filter(|change| is_member(change));
        let made = |change: &&Change| change.action == Action::Surge && wanted(&change.address);
        let there = view.observed.keys().filter(|at| here(at).is_some()).count() + members().filter(made).count();
        let most = 1 + most_readers(view, cluster);
        let goes = |change: &'a Change| {
            let stands_in = view.graph.surges().contains_key(&change.address);
            let (_, outputs) = here(&change.address).filter(|_| change.action == Action::Delete && !stands_in)?;
            Some(Leaver { change, is_writer: outputs.is_writer, serves: !failed(view, &change.address) })
        };
        let mut leaves: Vec<Leaver<'a>> = members().filter_map(goes).collect();
        leaves.sort_by_key(|leaver| leaver.serves);
        let replaced = |change: &&Change| change.action == Action::Replace && here(&change.address).is_some();
        Self {
            there,
            unseen: most.saturating_sub(there),
            comes: members().filter(|change| change.action == Action::Create && wanted(&change.address)).collect(),
            leaves,
            replaced: members().filter(replaced).collect(),
        }
    }

    /// Is there room for so many more, whatever autoscaling has made?
    fn has_room(&self, more: usize) -> bool {
        self.there + self.unseen + more <= MOST
    }

    /// Lets those who leave wait for those who come, or the other way round where there is no room.
    fn make_room(&self, program: &mut Program) {
        let ends = |fits: fn(&Leaver<'_>) -> bool, program: &Program| {
            let fit = self.leaves.iter().filter(|leaver| fits(leaver));
            fit.filter_map(|leaver| operation(&leaver.change.address, Verb::Delete, program)).collect::<Vec<StepId>>()
        };
        let missed = ends(|leaver| leaver.serves, program);
        let mut readers = ends(|leaver| !leaver.is_writer, program).into_iter();
        for (index, change) in self.comes.iter().enumerate() {
            let Some(made) = program.forward(&change.address) else { continue };
            if self.has_room(index + 1) {
                missed.iter().for_each(|end| program.link(made, *end));
            } else if self.there + index + 1 > MOST
                && let Some(end) = readers.next()
            {
                program.link(end, made);
            }
        }
    }

    /// Lets the old one go first of each that is replaced, where two of them find no room.
    fn replace(&self, program: &mut Program) {
        if self.has_room(self.comes.len() + self.replaced.len()) {
            return;
        }
        for change in &self.replaced {
            let gone = operation(&change.address, Verb::Delete, program);
            if let (Some(made), Some(gone)) = (program.forward(&change.address), gone) {
                program.turn_round(made, gone);
            }
        }
    }
}

/// Lets what an interrupted replacement left serve until its successor can be used, also where that is made only now since the
/// earlier one has failed or is gone. Not where it bears the very name that is wanted: two of one name can't stand side by side.
fn outlast(
    view: &View<'_>,
    (change, back): (&Change, StepId),
    (gone, generation): (StepId, u32),
    program: &mut Program,
) {
    let old = view.state.deposed(&change.address).iter().find(|old| old.generation == generation);
    let bears = old.is_none_or(|old| old.name.eq_ignore_ascii_case(&change.name));
    match change.action {
        Action::Create if bears => program.link(gone, back),
        // It would go first like the one that is made anew. Where the new one comes first, there is one that serves meanwhile.
        Action::Replace if !bears && change.order == Some(ReplaceOrder::DeleteFirst) => program.turn_round(gone, back),
        action if action == Action::Create || action.lives_on() => program.link(back, gone),
        _ => {}
    }
}

fn is_member(change: &Change) -> bool {
    change.address.kind() == DbInstance::KIND
}

/// The most readers that autoscaling keeps in a cluster, the declared ones counted: as it is and as it will be.
fn most_readers(view: &View<'_>, cluster: &str) -> usize {
    let targets = view.observed.iter().filter(|(at, _)| at.kind() == ScalableTarget::KIND);
    let most = targets.filter_map(|(at, seen)| {
        let there = Of::<ScalableTarget>::spec(&seen.live()?.spec).ok()?;
        let of = there.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster);
        let wanted = view.graph.node(at).and_then(|node| Of::<ScalableTarget>::spec(&node.spec).ok());
        let after = wanted.map_or(0, |wanted| wanted.max_capacity);
        of.then(|| usize::from(there.max_capacity.max(after)))
    });
    most.max().unwrap_or_default()
}
