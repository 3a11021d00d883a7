//! The order of a cohort: members of a cluster restart one at a time, the writer last.

use super::kinds::{Member, Outputs};
use auroractl_core::lower::{Lowering, Program, View};
use auroractl_core::model::Model;
use auroractl_core::plan::Action;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Of};
use std::collections::BTreeMap;

/// The lowerings of the simulated kinds.
pub(super) const LOWERINGS: &[&dyn Lowering] = &[&Rolling];

/// Members of a cluster, one at a time.
struct Rolling;

impl Lowering for Rolling {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        let mut clusters: BTreeMap<String, Vec<(bool, Address)>> = BTreeMap::new();
        let edits = |action: Action| matches!(action, Action::Update | Action::Restart | Action::Adopt);
        for change in view.plan.changes.iter().filter(|change| edits(change.action)) {
            let live = view.observed.get(&change.address).and_then(|seen| seen.live());
            let Some(live) = live.filter(|_| change.address.kind() == Member::KIND) else { continue };
            let writer = Of::<Member>::outputs(&live.outputs).is_ok_and(|Outputs { writer, .. }| writer);
            let cluster = live.spec.get("parent").map(ToString::to_string).unwrap_or_default();
            clusters.entry(cluster).or_default().push((writer, change.address.clone()));
        }
        for members in clusters.values_mut() {
            members.sort();
            for pair in members.windows(2) {
                if let [(_, earlier), (_, later)] = pair {
                    link(program, earlier, later);
                }
            }
        }
    }
}

fn link(program: &mut Program, earlier: &Address, later: &Address) {
    let step = |at: &Address| {
        program.steps.iter().position(|step| step.address == *at && matches!(step.verb, Verb::Update | Verb::Adopt))
    };
    if let (Some(earlier), Some(later)) = (step(earlier), step(later)) {
        program.order(earlier, later);
    }
}
