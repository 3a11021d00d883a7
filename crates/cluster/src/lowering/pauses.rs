//! Reader autoscaling keeps still while members of its cluster restart.
//!
//! A roll moves the load from one reader to the others: autoscaling would take
//! that for a reason to add readers, or to remove one that has just come back.
//! It is suspended before the first turn and resumed after the last, also where
//! a turn fails: nobody knows when somebody applies again, and the load of the
//! next morning needs its readers. A run that dies in between leaves it
//! suspended, which is a difference from what the stack wants (`suspended`): the
//! next plan resumes it.
//!
//! Autoscaling that a run registered which was killed before it could say so is
//! taken over first, and suspended then: it would act during the roll like any
//! other. That it comes after the members is for its making.

use super::interrupted;
use super::surges::Surge;
use crate::db_instance::DbInstance;
use crate::scalable_target::ScalableTarget;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::Change;
use auroractl_core::state::Verb;
use auroractl_core::{Model, Of};
use std::collections::BTreeSet;

/// Suspended autoscaling. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Pauses;

impl Lowering for Pauses {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for (cluster, members) in interrupted(view, program) {
            let Some(target) = target_of(view, &cluster) else { continue };
            if target.is_unrecorded() {
                take_over_first(target, program);
            }
            let turns: Vec<StepId> = members.iter().flat_map(|member| member.steps.iter().copied()).collect();
            let pause = program.operate(target, Verb::Pause);
            let resume = program.operate(target, Verb::Resume);
            for turn in &turns {
                program.link(pause, *turn);
                program.link(*turn, resume);
            }
            if let Some(edit) = program.forward(&target.address) {
                // An edit writes what the stack wants, and that is autoscaling that runs.
                turns.iter().for_each(|turn| program.link(*turn, edit));
                program.link(edit, resume);
            }
            if let Some(surge) = Surge::of(view, &cluster, program) {
                // A reader more lowers the load of all.
                if let Some(made) = program.forward(&surge.change.address) {
                    program.link(pause, made);
                }
                program.link(surge.end, resume);
            }
            program.undo(pause, resume);
        }
    }
}

/// Takes away the order "autoscaling after the members".
fn take_over_first(target: &Change, program: &mut Program) {
    let Some(adoption) = program.forward(&target.address) else { return };
    let steps = program.steps.iter().enumerate();
    let members = steps.filter(|(_, step)| step.address.kind() == DbInstance::KIND).map(|(id, _)| id);
    let members: BTreeSet<StepId> = members.collect();
    if let Some(step) = program.steps.get_mut(adoption) {
        step.after.retain(|earlier| !members.contains(earlier));
    }
}

/// The change of a cluster's scalable target, if it is there and stays.
fn target_of<'a>(view: &View<'a>, cluster: &str) -> Option<&'a Change> {
    let of = |change: &&Change| {
        let live = view.observed.get(&change.address).and_then(|seen| seen.live());
        let spec = live.and_then(|live| Of::<ScalableTarget>::spec(&live.spec).ok());
        spec.is_some_and(|spec| spec.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster))
    };
    let targets = view.plan.changes.iter().filter(|change| change.address.kind() == ScalableTarget::KIND);
    targets.filter(|change| change.action.lives_on()).find(of)
}
