//! A reader more, for as long as a roll takes.
//!
//! It comes before the first turn and goes after the last, when whoever had it
//! has caught up, so that there is never less capacity than before. Where no
//! reader can take the writer's role, it does ([`super::Handover`]). One that an
//! interrupted run left is used as it is: its removal, which stands in every
//! plan, waits for the turns.

use super::handover::after;
use super::{Member, cluster_of, interrupted, observed, once};
use crate::db_instance::DbInstance;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Model, Readiness, Strategy};

/// Surge readers. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Surges;

impl Lowering for Surges {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for (cluster, members) in interrupted(view, program) {
            if let Some(surge) = Surge::of(view, &cluster, program) {
                surge.frame(&members, program);
            }
        }
    }
}

/// The surge reader of a cluster in this plan.
pub(super) struct Surge<'a> {
    pub(super) change: &'a Change,
    /// Its deletion.
    pub(super) end: StepId,
    /// It writes now, and has no turn to wait for but its own.
    writes: bool,
}

impl<'a> Surge<'a> {
    pub(super) fn of(view: &View<'a>, cluster: &str, program: &Program) -> Option<Self> {
        if view.graph.manner().strategy != Strategy::Roll {
            return None;
        }
        let home = &cluster_of(view, cluster)?.address;
        let here = |change: &&Change| {
            let at = &change.address;
            at.kind() == DbInstance::KIND
                && matches!(change.action, Action::Surge | Action::Delete)
                && view.graph.surges().contains_key(at)
                && view.graph.deps(at).any(|dep| dep == home)
        };
        let change = view.plan.changes.iter().find(here).filter(|change| usable(view, change))?;
        let ends = |verb, generation| verb == Verb::Delete && generation == change.generation;
        let mut steps = program.steps.iter();
        let end = steps.position(|step| step.address == change.address && ends(step.verb, step.generation))?;
        let writes = change.action == Action::Delete
            && observed(view, &change.address).is_some_and(|(_, outputs)| outputs.is_writer);
        Some(Self { change, end, writes })
    }

    /// Can it take over, when it has caught up?
    pub(super) fn is_fit(&self, view: &View<'_>, fit: impl Fn(&DbInstance) -> bool) -> bool {
        let at = &self.change.address;
        match self.change.action {
            // One that an earlier run left is not edited.
            Action::Delete => observed(view, at).is_some_and(|(spec, _)| !self.writes && fit(&spec)),
            _ => after(view, at).is_some_and(|spec| fit(&spec)),
        }
    }

    /// Puts the turns between its coming and its going.
    fn frame(&self, members: &[Member<'_>], program: &mut Program) {
        let others: Vec<&Member<'_>> =
            members.iter().filter(|member| member.change.address != self.change.address).collect();
        let Some(last) = others.last() else { return };
        if !self.writes {
            let settle = once(self.change, Verb::Settle, program);
            if let Some(made) = program.forward(&self.change.address) {
                program.link(made, settle);
            }
            others.iter().flat_map(|member| &member.steps).for_each(|turn| program.link(settle, *turn));
        }
        if !last.leaves() {
            let settle = once(last.change, Verb::Settle, program);
            last.steps.iter().for_each(|turn| program.link(*turn, settle));
            program.link(settle, self.end);
        }
        others.iter().flat_map(|member| &member.steps).for_each(|turn| program.link(*turn, self.end));
    }
}

/// One that failed is only removed.
fn usable(view: &View<'_>, change: &Change) -> bool {
    let live = view.observed.get(&change.address).and_then(|seen| seen.live());
    let works = live.is_some_and(|live| matches!(live.readiness, Readiness::Ready | Readiness::Pending(_)));
    change.action == Action::Surge || works
}
