//! In which order the members of a cluster are edited.
//!
//! `ModifyDBInstance` on several members at once restarts them at once, and the
//! database is gone for minutes. So edits that interrupt go member by member:
//! readers first, the least likely successor of the writer before the others,
//! the writer last, and each only when the one before is back. A wrong value
//! then shows on a reader, and the writer is never exposed to it. Edits that
//! nobody feels run side by side; but where that is AWS's word about the very
//! member, and not a rule, they have turns as well: if the word is wrong, one
//! member is away and not all. Nothing else is done for such a turn.
//!
//! What else a roll needs stands beside: restarts for values that wait for one
//! ([`Restarts`], which comes before, since a restart is a part of its member's
//! turn), one more reader for as long as it takes ([`Surges`]), the writer's
//! role that moves ([`Handover`]), and autoscaling that keeps still ([`Pauses`]).
//! Members that leave while others come are no roll: see [`Newcomers`].
//!
//! A reader that has failed serves nobody, so that its edit takes nothing away:
//! it has no turn, and nobody waits for it.
//!
//! A writer that leaves has a turn as well: it is the last, and the role moves
//! before it. So a surge reader that an interrupted roll left as the writer
//! hands the role back before it goes.

mod handover;
mod memory;
mod newcomers;
mod pauses;
mod restarts;
mod surges;

pub use handover::Handover;
pub use memory::{LAST_FOLLOWING_TIER, strength};
pub use newcomers::Newcomers;
pub use pauses::Pauses;
pub use restarts::Restarts;
pub use surges::Surges;

use crate::db_cluster::DbCluster;
use crate::db_instance::{DbInstance, DbInstanceOutputs};
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change, taken_along};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Level, Model, Of, Readiness, Strategy, When};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Members of a cluster, one at a time. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Members;

/// One member that has a turn.
struct Member<'a> {
    change: &'a Change,
    /// As it is now.
    spec: DbInstance,
    is_writer: bool,
    /// Nobody has to wait for it now.
    is_ready: bool,
    /// It will be interrupted; else only AWS's word says that it will not.
    is_felt: bool,
    /// Its steps in their order: an edit, perhaps a restart behind it; both halves of a replacement.
    steps: Vec<StepId>,
}

impl Member<'_> {
    /// Writer last; of the readers those that are away already first, then the highest tier, then by name.
    fn turn(&self) -> (bool, bool, Reverse<u8>, &Address) {
        (self.is_writer, self.is_ready, Reverse(self.spec.promotion_tier), &self.change.address)
    }

    /// It does not come back.
    fn leaves(&self) -> bool {
        self.change.action == Action::Delete
    }

    fn first(&self) -> Option<StepId> {
        self.steps.first().copied()
    }

    fn last(&self) -> Option<StepId> {
        self.steps.last().copied()
    }
}

impl Lowering for Members {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for members in edited(view, program).into_values() {
            part(&members, program);
        }
        for (cluster, members) in in_turn(view, program) {
            wait_for_others(view, (&cluster, &members), program);
            for pair in members.windows(2) {
                if let [earlier, later] = pair
                    && let (Some(earlier), Some(later)) = (earlier.last(), later.first())
                {
                    program.link(earlier, later);
                }
            }
        }
    }
}

/// Members that will be interrupted, by cluster, in the order of their turns.
fn interrupted<'a>(view: &View<'a>, program: &Program) -> BTreeMap<String, Vec<Member<'a>>> {
    let mut clusters = in_turn(view, program);
    for members in clusters.values_mut() {
        members.retain(|member| member.is_felt);
    }
    clusters.retain(|_, members| !members.is_empty());
    clusters
}

/// Members that have a turn, by cluster, in the order of their turns.
fn in_turn<'a>(view: &View<'a>, program: &Program) -> BTreeMap<String, Vec<Member<'a>>> {
    let mut clusters = edited(view, program);
    for members in clusters.values_mut() {
        members.retain(|member| member.is_writer || !failed(view, &member.change.address));
    }
    clusters.retain(|_, members| !members.is_empty());
    clusters
}

/// The same with those that have failed and have no turn.
fn edited<'a>(view: &View<'a>, program: &Program) -> BTreeMap<String, Vec<Member<'a>>> {
    let mut clusters: BTreeMap<String, Vec<Member<'a>>> = BTreeMap::new();
    let restarts = program.steps.iter().filter(|step| step.verb == Verb::Restart).map(|step| step.address.clone());
    let restarted: BTreeSet<Address> = restarts.collect();
    for change in &view.plan.changes {
        let leaves = change.action == Action::Delete;
        let is_felt = interrupts(view, change) || restarted.contains(&change.address) || leaves;
        if !is_felt && !is_promised(view, change) {
            continue;
        }
        let Some((spec, outputs)) = observed(view, &change.address) else { continue };
        let home = || spec.db_cluster_identifier.known().and_then(|of| cluster_of(view, of.as_str()));
        if leaves && !(outputs.is_writer && home().is_some()) {
            continue;
        }
        let steps = steps(change, program);
        if let Some(cluster) = spec.db_cluster_identifier.known().filter(|_| !steps.is_empty()) {
            let (is_writer, is_ready) = (outputs.is_writer, ready(view, &change.address));
            let member = Member { change, is_writer, is_ready, is_felt, steps, spec: spec.clone() };
            clusters.entry(cluster.to_string()).or_default().push(member);
        }
    }
    for members in clusters.values_mut() {
        members.sort_by(|a, b| a.turn().cmp(&b.turn()));
    }
    clusters
}

/// A member as it was observed.
fn observed(view: &View<'_>, address: &Address) -> Option<(DbInstance, DbInstanceOutputs)> {
    let live = view.observed.get(address).filter(|_| address.kind() == DbInstance::KIND)?.live()?;
    Some((Of::<DbInstance>::spec(&live.spec).ok()?, Of::<DbInstance>::outputs(&live.outputs).ok()?))
}

fn ready(view: &View<'_>, address: &Address) -> bool {
    let live = view.observed.get(address).and_then(|seen| seen.live());
    live.is_some_and(|live| live.readiness == Readiness::Ready)
}

/// Has it failed for good? It comes back by nobody's waiting.
fn failed(view: &View<'_>, address: &Address) -> bool {
    let live = view.observed.get(address).and_then(|seen| seen.live());
    live.is_some_and(|live| matches!(live.readiness, Readiness::Failed(_)))
}

/// Is AWS at work on it?
fn pending(view: &View<'_>, address: &Address) -> bool {
    let live = view.observed.get(address).and_then(|seen| seen.live());
    live.is_some_and(|live| matches!(live.readiness, Readiness::Pending(_)))
}

/// The change of the cluster of this name, if it stays.
fn cluster_of<'a>(view: &View<'a>, name: &str) -> Option<&'a Change> {
    clusters(view).find_map(|(known, change)| (known == name).then_some(change))
}

/// The clusters that are there and stay, by name.
fn clusters<'a>(view: &View<'a>) -> impl Iterator<Item = (String, &'a Change)> {
    let (observed, changes) = (view.observed, &view.plan.changes);
    let stay = changes.iter().filter(|change| change.address.kind() == DbCluster::KIND && change.action.lives_on());
    stay.filter_map(move |change| {
        let live = observed.get(&change.address).and_then(|seen| seen.live())?;
        Some((Of::<DbCluster>::spec(&live.spec).ok()?.db_cluster_identifier, change))
    })
}

/// Lets the first turn wait until whoever is away by now is back: what an interrupted run, or somebody else, has begun. Who
/// has a turn of its own among the readers is waited for by that, and who has failed by nobody: a wait for it would fail, and
/// with it the edits that may be needed since it is away.
fn wait_for_others(view: &View<'_>, (cluster, members): (&str, &[Member<'_>]), program: &mut Program) {
    let here = |change: &&Change| {
        let of = |spec: &DbInstance| spec.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster);
        observed(view, &change.address).is_some_and(|(spec, _)| of(&spec)) && pending(view, &change.address)
    };
    for away in view.plan.changes.iter().filter(|change| change.action.lives_on()).filter(here) {
        let own = members.iter().find(|member| member.change.address == away.address);
        // One that is only taken over can't be waited for before its own turn does that.
        let awaited = |member: &Member<'_>| !member.is_writer || member.change.is_unrecorded();
        if own.is_some_and(awaited) || members.len() + usize::from(own.is_none()) < 2 {
            continue;
        }
        let back = once(away, Verb::Settle, program);
        let others = members.iter().filter(|member| member.change.address != away.address);
        for first in others.filter_map(Member::first).collect::<Vec<_>>() {
            program.link(back, first);
        }
    }
}

/// Does a change take a member away from its clients for a while, be it by what its call takes along? What waits for the
/// maintenance window interrupts nobody now.
fn interrupts(view: &View<'_>, change: &Change) -> bool {
    if change.address.kind() != DbInstance::KIND {
        return false;
    }
    match change.action {
        Action::Update | Action::Restart | Action::Adopt => {
            let felt = change.impact > Level::None || taken_along(change).next().is_some();
            felt && view.graph.manner().strategy != Strategy::Window
        }
        Action::Replace => true,
        Action::NoOp | Action::Create | Action::Delete | Action::Forget | Action::Refused | Action::Surge => false,
    }
}

/// Does a change edit what interrupts nobody by AWS's word about this member alone, where other members would restart?
fn is_promised(view: &View<'_>, change: &Change) -> bool {
    let live = view.observed.get(&change.address).and_then(|seen| seen.live());
    let promised = live.filter(|_| change.address.kind() == DbInstance::KIND).map(|live| &live.seamless);
    let edits = |promised: &BTreeSet<String>| {
        change.fields.iter().any(|field| field.impact.when == When::Now && promised.contains(&field.path))
    };
    let called = matches!(change.action, Action::Update | Action::Restart | Action::Adopt);
    called && view.graph.manner().strategy != Strategy::Window && promised.is_some_and(edits)
}

/// The steps of a member, in the order in which they come.
fn steps(change: &Change, program: &Program) -> Vec<StepId> {
    let address = &change.address;
    let made = program.forward(address);
    let gone = operation(address, Verb::Delete, program);
    let restart = operation(address, Verb::Restart, program);
    let mut steps: Vec<StepId> = match (made, gone) {
        (Some(made), Some(gone)) if program.waits_for(made, gone) => vec![gone, made],
        (None, gone) if change.action == Action::Delete => gone.into_iter().collect(),
        (made, gone) => made.into_iter().chain(gone.filter(|_| made.is_some())).collect(),
    };
    steps.extend(restart);
    steps
}

/// The step of this verb on a resource, if the program has it.
fn operation(address: &Address, verb: Verb, program: &Program) -> Option<StepId> {
    program.steps.iter().position(|step| step.address == *address && step.verb == verb)
}

/// The step of an operation on a resource. There is never a second one: a journal knows it by resource and verb.
fn once(change: &Change, verb: Verb, program: &mut Program) -> StepId {
    operation(&change.address, verb, program).unwrap_or_else(|| program.operate(change, verb))
}

/// Takes away the order "readers after the writer", also of readers that nobody feels an edit of: it is for their making,
/// and the editing of members goes the other way round.
fn part(members: &[Member<'_>], program: &mut Program) {
    let ours: BTreeSet<StepId> = members.iter().flat_map(|member| member.steps.iter().copied()).collect();
    for (id, step) in program.steps.iter_mut().enumerate() {
        let edits = step.address.kind() == DbInstance::KIND && matches!(step.verb, Verb::Update | Verb::Adopt);
        if edits || ours.contains(&id) {
            let own = members.iter().find(|member| member.change.address == step.address);
            let is_own = |earlier: &StepId| own.is_some_and(|member| member.steps.contains(earlier));
            step.after.retain(|earlier| !ours.contains(earlier) || is_own(earlier));
        }
    }
}

#[cfg(test)]
mod tests;
