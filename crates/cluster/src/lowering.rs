//! In which order the members of a cluster are edited.
//!
//! `ModifyDBInstance` on several members at once restarts them at once, and the
//! database is gone for minutes. So edits that interrupt go member by member:
//! readers first, the least likely successor of the writer before the others,
//! the writer last, and each only when the one before is back. A wrong value
//! then shows on a reader, and the writer is never exposed to it. Edits that
//! nobody feels run side by side.

use crate::db_instance::{DbInstance, DbInstanceOutputs};
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Level, Model, Of};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Members of a cluster, one at a time. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Members;

/// One member that will be interrupted.
struct Member {
    /// Writer last; of the readers the highest tier first, then by name.
    turn: (bool, Reverse<u8>, Address),
    /// Its first and its last step: an edit has one, a replacement two.
    steps: (StepId, StepId),
}

impl Lowering for Members {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for members in interrupted(view, program).into_values() {
            part(&members, program);
            for pair in members.windows(2) {
                if let [earlier, later] = pair {
                    link(earlier.steps.1, later.steps.0, program);
                }
            }
        }
    }
}

/// Members that will be interrupted, by cluster, in the order of their turns.
fn interrupted(view: &View<'_>, program: &Program) -> BTreeMap<String, Vec<Member>> {
    let mut clusters: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for change in view.plan.changes.iter().filter(|change| interrupts(change)) {
        let Some(live) = view.observed.get(&change.address).and_then(|seen| seen.live()) else { continue };
        let (Ok(spec), Ok(outputs)) = (Of::<DbInstance>::spec(&live.spec), Of::<DbInstance>::outputs(&live.outputs))
        else {
            continue;
        };
        let DbInstanceOutputs { is_writer, .. } = outputs;
        let (Some(cluster), Some(steps)) = (spec.db_cluster_identifier.known(), steps(&change.address, program)) else {
            continue;
        };
        let turn = (is_writer, Reverse(spec.promotion_tier), change.address.clone());
        clusters.entry(cluster.to_string()).or_default().push(Member { turn, steps });
    }
    for members in clusters.values_mut() {
        members.sort_by(|a, b| a.turn.cmp(&b.turn));
    }
    clusters
}

/// Does a change take a member away from its clients for a while? Any call with `ApplyImmediately` also applies what
/// was deferred earlier, so that pending values count.
fn interrupts(change: &Change) -> bool {
    let edited = match change.action {
        Action::Update | Action::Restart | Action::Adopt => change.impact > Level::None || !change.pending.is_empty(),
        Action::Replace => true,
        Action::NoOp | Action::Create | Action::Delete | Action::Forget | Action::Refused => false,
    };
    change.address.kind() == DbInstance::KIND && edited
}

/// First and last step of a member. Both halves of a replacement belong to its turn.
fn steps(address: &Address, program: &Program) -> Option<(StepId, StepId)> {
    let own = |verb: fn(Verb) -> bool| {
        program.steps.iter().enumerate().find(|(_, step)| step.address == *address && verb(step.verb)).map(|(id, _)| id)
    };
    let made = own(|verb| matches!(verb, Verb::Create | Verb::Update | Verb::Adopt))?;
    let gone = own(|verb| verb == Verb::Delete);
    Some(match gone {
        None => (made, made),
        Some(gone) if program.steps.get(made).is_some_and(|step| step.after.contains(&gone)) => (gone, made),
        Some(gone) => (made, gone),
    })
}

/// Takes away the order "readers after the writer": it is for their making, and their editing goes the other way round.
fn part(members: &[Member], program: &mut Program) {
    let ours: BTreeSet<StepId> = members.iter().flat_map(|member| [member.steps.0, member.steps.1]).collect();
    for member in members {
        for id in [member.steps.0, member.steps.1] {
            let own = [member.steps.0, member.steps.1];
            if let Some(step) = program.steps.get_mut(id) {
                step.after.retain(|earlier| !ours.contains(earlier) || own.contains(earlier));
            }
        }
    }
}

/// Lets one step wait for another, unless that would make them wait for one another.
fn link(earlier: StepId, later: StepId, program: &mut Program) {
    if !waits_for(earlier, later, program) {
        program.order(earlier, later);
    }
}

/// Does a step wait for another, however indirectly?
fn waits_for(step: StepId, other: StepId, program: &Program) -> bool {
    let mut open = vec![step];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if id == other {
            return true;
        }
        if seen.insert(id) {
            open.extend(program.steps.get(id).into_iter().flat_map(|step| step.after.iter().copied()));
        }
    }
    false
}

#[cfg(test)]
mod tests;
