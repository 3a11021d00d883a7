//! The order of a cohort: members of a cluster restart one at a time, the writer last, and its role moves before; to who
//! stands in, where there is no other, who hands it back before it goes.

use super::kinds::{Cluster, Member, Outputs};
use super::mutants::Lapse;
use auroractl_core::lower::{Lowering, Program, Step, StepId, View};
use auroractl_core::model::Model;
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Observed, Of, Readiness};
use std::collections::BTreeMap;

/// The lowerings of the simulated kinds.
pub(super) fn lowerings(lapse: Option<Lapse>) -> &'static [&'static dyn Lowering] {
    match lapse {
        Some(Lapse::FailoverTooEarly) => &[&Rolling { hasty: true, tidy: true }],
        Some(Lapse::ResumedAfterSuccessAlone) => &[&Rolling { hasty: false, tidy: false }],
        _ => &[&Rolling { hasty: false, tidy: true }],
    }
}

/// Members of a cluster, one at a time.
struct Rolling {
    /// The role moves whether or not the target has had its turn.
    hasty: bool,
    /// What was paused is resumed though the roll has failed.
    tidy: bool,
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
            let Some(home) = home(view, &cluster) else { continue };
            let surge = Surge::of(view, home, program);
            if let Some(surge) = surge.as_ref().filter(|surge| surge.writes) {
                surge.resign(view, (home, &members, &turns), program);
            }
            if turns.is_empty() {
                continue;
            }
            let (pause, resume) = (program.operate(home, Verb::Pause), program.operate(home, Verb::Resume));
            for (_, turn) in &turns {
                program.link(pause, *turn);
                program.link(*turn, resume);
            }
            if let Some(edit) = program.forward(&home.address) {
                program.link(edit, pause);
            }
            if let Some(surge) = &surge {
                surge.frame(&turns, program);
            }
            if let Some((true, writer)) = turns.last() {
                let cast = Cast { home, members: &members, surge: surge.as_ref() };
                self.hand_over(view, &cast, (&turns, *writer), program);
            }
            // Calm comes back last.
            let moves =
                |step: &Step| step.address == home.address && matches!(step.verb, Verb::Failover | Verb::Failback);
            let steps = program.steps.iter().enumerate();
            let moved: Vec<StepId> = steps.filter(|(_, step)| moves(step)).map(|(id, _)| id).collect();
            moved.into_iter().for_each(|step| program.link(step, resume));
            if self.tidy {
                program.undo(pause, resume);
            }
        }
    }
}

/// Who stands in for the members of a cluster.
struct Surge<'a> {
    change: &'a Change,
    /// It is made by this run.
    made: Option<StepId>,
    /// It goes.
    end: StepId,
    /// An earlier run left it the writer's role.
    writes: bool,
}

impl<'a> Surge<'a> {
    fn of(view: &View<'a>, home: &Change, program: &Program) -> Option<Self> {
        let here = |change: &&Change| {
            view.graph.surges().contains_key(&change.address)
                && view.graph.deps(&change.address).any(|dep| *dep == home.address)
        };
        let change = view.plan.changes.iter().find(here)?;
        let ends = |step: &Step| step.verb == Verb::Delete && step.generation == change.generation;
        let end = program.steps.iter().position(|step| step.address == change.address && ends(step))?;
        Some(Self {
            change,
            made: program.forward(&change.address),
            end,
            writes: writes(view.observed, &change.address),
        })
    }

    /// It comes before the turns, and goes after them.
    fn frame(&self, turns: &[(bool, StepId)], program: &mut Program) {
        for (_, turn) in turns {
            self.made.into_iter().for_each(|made| program.link(made, *turn));
            program.link(*turn, self.end);
        }
    }

    /// Can the writer's role be given to it?
    fn serves(&self, view: &View<'_>) -> bool {
        !self.writes && (self.made.is_some() || ready(view, &self.change.address))
    }

    /// The role that an earlier run left it goes to a member whose turn is over.
    fn resign(
        &self,
        view: &View<'_>,
        (home, members, turns): (&Change, &[Turn<'_>], &[(bool, StepId)]),
        program: &mut Program,
    ) {
        let Some((_, heir)) = members.iter().find(|(_, change)| ready(view, &change.address)) else { return };
        let (settle, failover) = move_role(Verb::Failover, home, heir, program);
        turns.iter().for_each(|(_, turn)| program.link(*turn, settle));
        program.link(failover, self.end);
    }
}

/// Who takes part in a handover.
struct Cast<'a> {
    home: &'a Change,
    members: &'a [Turn<'a>],
    surge: Option<&'a Surge<'a>>,
}

/// The role goes to `heir` when it has caught up: both steps.
fn move_role(verb: Verb, home: &Change, heir: &Change, program: &mut Program) -> (StepId, StepId) {
    let settle = program.operate(heir, Verb::Settle);
    let step = program.operate(home, verb);
    aim(step, heir, program);
    program.link(settle, step);
    (settle, step)
}

impl Rolling {
    fn hand_over(
        &self,
        view: &View<'_>,
        cast: &Cast<'_>,
        (turns, writer): (&[(bool, StepId)], StepId),
        program: &mut Program,
    ) {
        let reader = cast.members.iter().find(|(writes, change)| !writes && ready(view, &change.address));
        let surge = cast.surge.filter(|surge| reader.is_none() && surge.serves(view));
        let Some(heir) = reader.map(|(_, reader)| *reader).or(surge.map(|surge| surge.change)) else { return };
        let failover = program.operate(cast.home, Verb::Failover);
        aim(failover, heir, program);
        if !self.hasty {
            let settle = program.operate(heir, Verb::Settle);
            let readers = turns.iter().filter(|(writes, _)| !writes).map(|(_, turn)| *turn);
            let before: Vec<StepId> = readers.chain(surge.and_then(|surge| surge.made)).collect();
            before.into_iter().for_each(|earlier| program.link(earlier, settle));
            program.link(settle, failover);
        }
        program.link(failover, writer);
        if let (Some(surge), Some((_, first))) = (surge, cast.members.last()) {
            give_back(cast.home, (first, writer), surge.end, program);
        }
        let pauses =
            program.steps.iter().position(|step| step.address == cast.home.address && step.verb == Verb::Pause);
        if let Some(pause) = pauses {
            program.link(pause, failover);
        }
    }
}

fn aim(step: StepId, heir: &Change, program: &mut Program) {
    if let Some(step) = program.steps.get_mut(step) {
        step.target = Some(heir.address.clone());
    }
}

/// The role goes back when its first holder has had its turn, and only then who stood in goes.
fn give_back(home: &Change, (first, turn): (&Change, StepId), end: StepId, program: &mut Program) {
    let (settle, back) = move_role(Verb::Failback, home, first, program);
    program.link(turn, settle);
    program.link(back, end);
}

/// Is it the writer, as it was seen last?
pub(super) fn writes(observed: &BTreeMap<Address, Observed>, at: &Address) -> bool {
    let live = observed.get(at).and_then(|seen| seen.live());
    live.and_then(|live| Of::<Member>::outputs(&live.outputs).ok()).is_some_and(|Outputs { writer, .. }| writer)
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
        let cluster = live.spec.get("parent").and_then(|parent| parent.as_str()).unwrap_or_default();
        clusters.entry(cluster.to_owned()).or_default().push((writes(view.observed, &change.address), change));
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
