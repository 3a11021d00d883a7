//! The order of a cohort: members of a cluster restart one at a time, the writer last, and its role moves before.

use super::kinds::{Cluster, Member, Outputs};
use super::mutants::Lapse;
use auroractl_core::lower::{Lowering, Program, Step, StepId, View};
use auroractl_core::model::Model;
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Of, Readiness};
use std::collections::BTreeMap;

/// The lowerings of the simulated kinds.
pub(super) fn lowerings(lapse: Option<Lapse>) -> &'static [&'static dyn Lowering] {
    if lapse == Some(Lapse::FailoverTooEarly) { &[&Rolling { hasty: true }] } else { &[&Rolling { hasty: false }] }
}

/// Members of a cluster, one at a time.
struct Rolling {
    /// The role moves whether or not the target has had its turn.
    hasty: bool,
}

/// A member that is there: is it the writer, and who is it?
type Turn<'a> = (bool, &'a Change);

impl Lowering for Rolling {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        for (cluster, members) in members(view) {
            let turns: Vec<(bool, StepId)> = members
                .iter()
                .filter(|(_, change)| change.action != Action::NoOp)
                .filter_map(|(writes, change)| Some((*writes, program.forward(&change.address)?)))
                .collect();
            for pair in turns.windows(2) {
                if let [(_, earlier), (_, later)] = pair {
                    program.order(*earlier, *later);
                }
            }
            wait_for_others(view, (&members, &turns), program);
            let Some(home) = home(view, &cluster).filter(|_| !turns.is_empty()) else { continue };
            let (pause, resume) = (program.operate(home, Verb::Pause), program.operate(home, Verb::Resume));
            for (_, turn) in &turns {
                program.link(pause, *turn);
                program.link(*turn, resume);
            }
            if let Some(edit) = program.forward(&home.address) {
                program.link(edit, pause);
            }
            frame(view, home, &turns, program);
            if let Some((true, writer)) = turns.last() {
                self.hand_over(view, (home, &members), (&turns, *writer), program);
            }
        }
    }
}

/// Who stands in comes before the turns, and goes after them.
fn frame(view: &View<'_>, home: &Change, turns: &[(bool, StepId)], program: &mut Program) {
    let surges = view.plan.changes.iter().filter(|change| view.graph.surges().contains_key(&change.address));
    for surge in surges.filter(|change| view.graph.deps(&change.address).any(|dep| *dep == home.address)) {
        let made = program.forward(&surge.address);
        let ends = |step: &Step| step.verb == Verb::Delete && step.generation == surge.generation;
        let end = program.steps.iter().position(|step| step.address == surge.address && ends(step));
        for (_, turn) in turns {
            made.into_iter().for_each(|made| program.link(made, *turn));
            end.into_iter().for_each(|end| program.link(*turn, end));
        }
    }
}

impl Rolling {
    fn hand_over(
        &self,
        view: &View<'_>,
        (home, members): (&Change, &[Turn<'_>]),
        (turns, writer): (&[(bool, StepId)], StepId),
        program: &mut Program,
    ) {
        let heir = members.iter().find(|(writes, change)| !writes && ready(view, &change.address));
        let Some((_, heir)) = heir else { return };
        let settle = program.operate(heir, Verb::Settle);
        let failover = program.operate(home, Verb::Failover);
        if let Some(step) = program.steps.get_mut(failover) {
            step.target = Some(heir.address.clone());
        }
        if !self.hasty {
            turns.iter().filter(|(writes, _)| !writes).for_each(|(_, turn)| program.link(*turn, settle));
            program.link(settle, failover);
        }
        program.link(failover, writer);
        let resumes = program.steps.iter().position(|step| step.address == home.address && step.verb == Verb::Resume);
        if let Some(resume) = resumes {
            program.link(failover, resume);
        }
        let pauses = program.steps.iter().position(|step| step.address == home.address && step.verb == Verb::Pause);
        if let Some(pause) = pauses {
            program.link(pause, failover);
        }
    }
}

fn ready(view: &View<'_>, at: &Address) -> bool {
    view.observed.get(at).and_then(|seen| seen.live()).is_some_and(|live| live.readiness == Readiness::Ready)
}

/// Turns begin when whoever is away is back, unless it has a turn among the readers.
fn wait_for_others(view: &View<'_>, (members, turns): (&[Turn<'_>], &[(bool, StepId)]), program: &mut Program) {
    for (writes, away) in members.iter().filter(|(_, change)| !ready(view, &change.address)) {
        let own = program.forward(&away.address).filter(|own| turns.iter().any(|(_, turn)| turn == own));
        let others: Vec<StepId> = turns.iter().map(|(_, turn)| *turn).filter(|turn| Some(*turn) != own).collect();
        if others.is_empty() || (own.is_some() && !writes) {
            continue;
        }
        let back = program.operate(away, Verb::Settle);
        others.into_iter().for_each(|turn| program.link(back, turn));
    }
}

/// The members that are there and stay, by cluster, the writer last.
fn members<'a>(view: &View<'a>) -> BTreeMap<String, Vec<Turn<'a>>> {
    let mut clusters: BTreeMap<String, Vec<Turn<'a>>> = BTreeMap::new();
    for change in
        view.plan.changes.iter().filter(|change| change.action.lives_on() && change.address.kind() == Member::KIND)
    {
        let Some(live) = view.observed.get(&change.address).and_then(|seen| seen.live()) else { continue };
        let writes = Of::<Member>::outputs(&live.outputs).is_ok_and(|Outputs { writer, .. }| writer);
        let cluster = live.spec.get("parent").and_then(|parent| parent.as_str()).unwrap_or_default();
        clusters.entry(cluster.to_owned()).or_default().push((writes, change));
    }
    for members in clusters.values_mut() {
        members.sort_by_key(|(writes, change)| (*writes, ready(view, &change.address), change.address.clone()));
    }
    clusters
}

/// The change of the cluster with this id, if it stays.
fn home<'a>(view: &View<'a>, id: &str) -> Option<&'a Change> {
    let here = |change: &&Change| {
        let live = view.observed.get(&change.address).and_then(|seen| seen.live());
        let outputs = live.and_then(|live| Of::<Cluster>::outputs(&live.outputs).ok());
        outputs.is_some_and(|outputs| outputs.id.as_str() == id)
    };
    view.plan
        .changes
        .iter()
        .filter(|change| change.address.kind() == Cluster::KIND && change.action.lives_on())
        .find(here)
}
