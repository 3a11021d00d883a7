//! What stands in for others while they are away: made when the plan interrupts one of them, gone when it is done.
//!
//! One that is there already, since an interrupted run left it, needs no making. The stack does not want it, so it is
//! removed as everything is that the stack does not want; if it has work to do before, the owning crate's lowering says so.

use super::Run;
use crate::address::Address;
use crate::graph::Surge;
use crate::guard;
use crate::impact::Level;
use crate::plan::{Action, Change, PlanError, Reason, Refusal, RefusalClass, interrupts};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Run<'a> {
    /// The changes, and those of what stands in for whom they interrupt.
    pub(super) fn with_surges(&self, mut changes: Vec<Change>) -> Result<Vec<Change>, PlanError> {
        for (at, surge) in self.inputs.graph.surges() {
            let change = if self.relieves(surge, &changes) { self.surge(at)? } else { None };
            let Some(change) = change else { continue };
            if change.action == Action::Surge {
                relieve(&mut changes, &surge.of);
            }
            changes.push(change);
        }
        Ok(changes)
    }

    /// Is one of those that are there away at some time?
    fn relieves(&self, surge: &Surge, changes: &[Change]) -> bool {
        let changes: BTreeMap<&Address, &Change> = changes.iter().map(|change| (&change.address, change)).collect();
        let here = |at: &Address| self.inputs.observed.get(at).is_some_and(|seen| seen.live().is_some());
        surge.of.iter().any(|at| here(at) && interrupts(self.inputs.graph, &changes, at))
    }

    /// What has to be made; nothing where one can be used that is there.
    fn surge(&self, at: &'a Address) -> Result<Option<Change>, PlanError> {
        let state = self.inputs.state;
        let known = state.resources.contains_key(at) || state.create_intent(at).is_some();
        let change = self.wanted(at)?;
        Ok(match change.action {
            Action::Refused if known => Some(change),
            Action::Refused => Some(refused(change)),
            Action::Create => Some(made(change)),
            // It failed, or is on its way out.
            Action::Replace if change.fields.is_empty() => Some(made(change)),
            // Its create finds it: it is ours, and no line tells of it.
            Action::Adopt if !known => Some(made(change)),
            _ => None,
        })
    }
}

fn made(change: Change) -> Change {
    let told = change.reasons.iter().filter(|reason| !matches!(reason, Reason::New));
    let reasons = [Reason::StandsIn].into_iter().chain(told.cloned()).collect();
    Change { action: Action::Surge, reasons, fields: Vec::new(), impact: Level::None, ..change }
}

/// The stack did not choose its name, so that it can't choose another one.
fn refused(mut change: Change) -> Change {
    change.refusal = change.refusal.map(|refusal| match refusal.class {
        RefusalClass::Conflict => Refusal {
            way_out: "take away what has its name, or set `surge_reader = false` in section `changes`".to_owned(),
            ..refusal
        },
        _ => refusal,
    });
    change
}

/// Where nobody could have taken over, now somebody can.
fn relieve(changes: &mut [Change], of: &BTreeSet<Address>) {
    let members = changes.iter_mut().filter(|change| change.address.kind() == guard::MEMBER);
    for change in members.filter(|change| of.contains(&change.address)) {
        let fields = &mut change.fields;
        for field in fields.iter_mut().filter(|field| field.impact.level == Level::WriteOutage) {
            field.impact.level = Level::Failover;
        }
        change.impact = super::worst(fields);
    }
}
