//! From changes to steps: what runs, and what each step waits for.
//!
//! A replacement is one change and two steps. An edge always has one of four
//! reasons: a resource comes after what it needs; an old object goes after
//! everything that used it has let go; in a replacement one half comes before
//! the other; and a [`Lowering`] may add an order and steps of its own (members
//! of a cluster restart one at a time, and the writer's role moves before the
//! writer's turn).

use crate::address::Address;
use crate::durations::{Deed, Durations, Estimate, Priors};
use crate::graph::Graph;
use crate::model::ReplaceOrder;
use crate::observed::Observed;
use crate::plan::{self, Action, Change, Plan};
use crate::state::{State, Verb};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

mod untangle;

/// Index of a step in its program.
pub type StepId = usize;

/// One thing that the scheduler runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The resource.
    pub address: Address,
    /// What is done to it.
    pub verb: Verb,
    /// Which generation of it.
    pub generation: u32,
    /// Who takes over, where something is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Address>,
    /// Steps that must have ended well before; but see `undoes`.
    pub after: BTreeSet<StepId>,
    /// The step that this one undoes, one of those before it. It alone must have ended well: the others need only be over, with
    /// all that they wait for. What is paused for a roll must not stay paused because the roll has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<StepId>,
    /// What it is, as far as its duration matters.
    pub deed: Deed,
    /// How long it takes.
    pub estimate: Estimate,
    /// Before so many seconds have passed it is hardly done: who waits for it need not look. Never more than the prior
    /// says: a look costs little, and a wait that follows its own slow days would stay slow.
    pub look_after: f32,
}

/// All steps of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The steps; a [`StepId`] is an index into them.
    pub steps: Vec<Step>,
}

/// What a lowering may look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What the stack wants, and how it wants it changed.
    pub graph: &'a Graph,
    /// What was observed.
    pub observed: &'a BTreeMap<Address, Observed>,
    /// What was recorded: what the predecessors were that interrupted replacements left.
    pub state: &'a State,
}

/// An order among resources that must move together, owned by the crate that knows why.
pub trait Lowering: Sync {
    /// Adds edges (or steps) to the program.
    fn refine(&self, view: &View<'_>, program: &mut Program);
}

/// What lowering needs beside the plan.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// How long things take, beside what the state remembers of it.
    pub priors: &'a Priors,
    /// The desired graph.
    pub graph: &'a Graph,
    /// The state: dependencies of what leaves.
    pub state: &'a State,
    /// What was observed.
    pub observed: &'a BTreeMap<Address, Observed>,
    /// The owning crates' orders.
    pub lowerings: &'a [&'a dyn Lowering],
}

/// The plan as steps.
#[must_use]
pub fn lower(plan: &Plan, sources: &Sources<'_>) -> Program {
    let mut draft = Draft { early: plan::early(&plan.changes, sources.state), ..Draft::default() };
    for change in &plan.changes {
        draft.steps_of(change);
    }
    for change in &plan.changes {
        draft.edges_of(change, sources);
    }
    untangle::untangle(&mut draft.program, &draft.releases, sources.state);
    let view = View { plan, graph: sources.graph, observed: sources.observed, state: sources.state };
    for lowering in sources.lowerings {
        lowering.refine(&view, &mut draft.program);
    }
    let durations = Durations { priors: sources.priors, history: &sources.state.durations };
    durations.apply(&mut draft.program);
    draft.program
}

impl Program {
    /// The steps of a resource that make or edit it.
    pub fn forward(&self, address: &Address) -> Option<StepId> {
        let makes = |verb| matches!(verb, Verb::Create | Verb::Update | Verb::Adopt);
        self.steps.iter().position(|step| step.address == *address && makes(step.verb))
    }

    /// Adds an operation on a resource that the plan leaves as it is, or edits in another step. What is only taken over by
    /// this plan is taken over first: an operation goes by the record.
    pub fn operate(&mut self, change: &Change, verb: Verb) -> StepId {
        let id = self.push(change, verb, change.generation);
        if let Some(adoption) = self.forward(&change.address).filter(|_| change.is_unrecorded()) {
            self.order(adoption, id);
        }
        id
    }

    fn push(&mut self, change: &Change, verb: Verb, generation: u32) -> StepId {
        let deed = Deed::of(verb, change.felt_now());
        let (address, after) = (change.address.clone(), BTreeSet::new());
        let (target, undoes, estimate) = (None, None, Estimate::NOTHING);
        self.steps.push(Step { address, verb, generation, target, after, undoes, deed, estimate, look_after: 0.0 });
        self.steps.len() - 1
    }

    /// Everything that a step waits for, however indirectly.
    #[must_use]
    pub fn before(&self, step: StepId) -> BTreeSet<StepId> {
        self.earlier(step).collect()
    }

    /// Does a step wait for another, however indirectly? A step waits for itself.
    #[must_use]
    pub fn waits_for(&self, step: StepId, other: StepId) -> bool {
        step == other || self.earlier(step).any(|earlier| earlier == other)
    }

    /// The steps before a step, each once and in no particular order. Whoever asks for a single one need not walk to the end.
    fn earlier(&self, step: StepId) -> impl Iterator<Item = StepId> {
        let after = move |id: StepId| self.steps.get(id).into_iter().flat_map(|step| step.after.iter().copied());
        let (mut open, mut seen): (Vec<StepId>, BTreeSet<StepId>) = (after(step).collect(), BTreeSet::new());
        std::iter::from_fn(move || {
            while let Some(id) = open.pop() {
                if seen.insert(id) {
                    open.extend(after(id));
                    return Some(id);
                }
            }
            None
        })
    }

    /// Lets one step wait for another, unless that would make them wait for one another.
    pub fn link(&mut self, earlier: StepId, later: StepId) {
        if !self.waits_for(earlier, later) {
            self.order(earlier, later);
        }
    }

    /// Lets a step undo another, whatever becomes of the steps between them: see [`Step::undoes`].
    pub fn undo(&mut self, done: StepId, later: StepId) {
        self.link(done, later);
        if let Some(step) = self.steps.get_mut(later).filter(|step| step.after.contains(&done)) {
            step.undoes = Some(done);
        }
    }

    /// Lets the old half of a replacement go first, where the two can't stand side by side after all. Not where steps would
    /// wait for one another then: who used the old one moves over to the new one.
    pub fn turn_round(&mut self, made: StepId, gone: StepId) {
        if !self.steps.get_mut(gone).is_some_and(|step| step.after.remove(&made)) {
            return;
        }
        let (first, then) = if self.waits_for(gone, made) { (made, gone) } else { (gone, made) };
        self.order(first, then);
    }

    /// The steps that delete what interrupted replacements of a resource left, each with the generation that goes.
    #[must_use]
    pub fn left_over(&self, change: &Change) -> Vec<(StepId, u32)> {
        let steps = self.steps.iter().enumerate();
        let deletes = steps.filter(|(_, step)| step.address == change.address && step.verb == Verb::Delete);
        let of = deletes.map(|(id, step)| (id, step.generation));
        of.filter(|(_, generation)| change.deposed.contains(generation)).collect()
    }

    /// Lets one step wait for another.
    pub fn order(&mut self, earlier: StepId, later: StepId) {
        if let Some(step) = self.steps.get_mut(later).filter(|_| earlier != later) {
            step.after.insert(earlier);
        }
    }
}

/// Steps while their edges are drawn.
#[derive(Default)]
struct Draft {
    program: Program,
    forward: BTreeMap<Address, StepId>,
    removal: BTreeMap<Address, StepId>,
    deposed: BTreeMap<Address, Vec<StepId>>,
    /// Whose old objects go before new ones are made.
    early: BTreeSet<Address>,
    /// The edges between removals.
    releases: Vec<Release>,
}

/// One removal waits for another, since its object is what the other's refers to.
struct Release {
    earlier: StepId,
    later: StepId,
}

impl Draft {
    fn steps_of(&mut self, change: &Change) {
        match change.action {
            Action::NoOp | Action::Refused => {}
            Action::Create => self.forward_step(change, Verb::Create),
            Action::Update | Action::Restart => self.forward_step(change, Verb::Update),
            Action::Adopt => self.forward_step(change, Verb::Adopt),
            Action::Forget => self.removal_step(change, Verb::Forget),
            Action::Delete => self.removal_step(change, Verb::Delete),
            Action::Replace => {
                self.removal_step(change, Verb::Delete);
                self.forward_step(change, Verb::Create);
            }
            Action::Surge => self.surge_steps(change),
        }
        self.deposed_steps(change);
    }

    /// One that can't be used goes before, and the new one goes in the end. Only a lowering knows whose return that waits for.
    fn surge_steps(&mut self, change: &Change) {
        if change.old_generation.is_some() {
            self.removal_step(change, Verb::Delete);
        }
        self.forward_step(change, Verb::Create);
        let (made, end) = (self.program.steps.len() - 1, self.program.push(change, Verb::Delete, change.generation));
        self.program.order(made, end);
    }

    /// Predecessors that an interrupted replacement left.
    fn deposed_steps(&mut self, change: &Change) {
        for generation in &change.deposed {
            let id = self.program.push(change, Verb::Delete, *generation);
            self.deposed.entry(change.address.clone()).or_default().push(id);
        }
    }

    fn forward_step(&mut self, change: &Change, verb: Verb) {
        let id = self.program.push(change, verb, change.generation);
        self.forward.insert(change.address.clone(), id);
    }

    fn removal_step(&mut self, change: &Change, verb: Verb) {
        let id = self.program.push(change, verb, change.old_generation.unwrap_or(change.generation));
        if plan::lets_go(change) {
            self.removal.insert(change.address.clone(), id);
        }
    }

    fn edges_of(&mut self, change: &Change, sources: &Sources<'_>) {
        let at = &change.address;
        if let Some(forward) = self.forward.get(at).copied() {
            for earlier in self.needed(at, sources.graph) {
                self.program.order(earlier, forward);
            }
        }
        // What this resource used may only go when this resource is gone, or has moved over.
        for dep in sources.state.used_by(at) {
            self.release(at, dep);
        }
        self.deposed_edges(at, sources.state);
        let Some(new) = self.forward.get(at).copied() else { return };
        if change.order == Some(ReplaceOrder::DeleteFirst) {
            // Those that interrupted replacements left as well: one of them may be what AWS admits no second one of.
            self.old(at).into_iter().for_each(|old| self.program.order(old, new));
        } else if let Some(old) = self.removal.get(at).copied() {
            self.program.order(new, old);
        }
    }

    /// The steps that remove old objects of an address.
    fn old(&self, at: &Address) -> Vec<StepId> {
        self.removal.get(at).into_iter().chain(self.deposed.get(at).into_iter().flatten()).copied().collect()
    }

    /// The steps that make or edit what a resource needs. What needs no step is looked through: behind it may
    /// stand one that does, and if that fails, nothing must refer to it yet that it still refers to itself.
    fn needed(&self, at: &Address, graph: &Graph) -> BTreeSet<StepId> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut next: Vec<&Address> = graph.deps(at).collect();
        while let Some(dep) = next.pop() {
            match self.forward.get(dep) {
                Some(step) => {
                    found.insert(*step);
                }
                None if seen.insert(dep) => next.extend(graph.deps(dep)),
                None => {}
            }
        }
        found
    }

    /// What a predecessor used may go when the predecessor has gone.
    fn deposed_edges(&mut self, at: &Address, state: &State) {
        let steps = self.deposed.get(at).cloned().unwrap_or_default();
        for (old, step) in state.deposed(at).iter().zip(steps) {
            for dep in &old.deps {
                self.gone(step, dep);
            }
        }
    }

    /// Draws the edges by which `user` lets go of the old objects of what it used: by its own end, or by moving
    /// over. Where an old object goes before the new one is made, nobody can have moved over.
    fn release(&mut self, user: &Address, used: &Address) {
        if let Some(end) = self.removal.get(user).copied() {
            self.gone(end, used);
        } else if let Some(moved) = self.forward.get(user).copied().filter(|_| !self.early.contains(used)) {
            for old in self.old(used) {
                self.program.order(moved, old);
            }
        }
    }

    /// The old objects of `used` go when this step has removed one that used them.
    fn gone(&mut self, earlier: StepId, used: &Address) {
        for later in self.old(used) {
            self.program.order(earlier, later);
            self.releases.push(Release { earlier, later });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(after: &[&[StepId]]) -> Program {
        let step = |after: &&[StepId]| Step {
            address: "vpc.main".parse().unwrap(),
            verb: Verb::Create,
            generation: 0,
            target: None,
            after: after.iter().copied().collect(),
            undoes: None,
            deed: Deed::Create,
            estimate: Estimate::NOTHING,
            look_after: 0.0,
        };
        Program { steps: after.iter().map(step).collect() }
    }

    #[test]
    fn a_replacement_turns_round_unless_somebody_moves_over_to_it() {
        // The first is made, the second is the end of what was there, the third uses it.
        let turned = |after: &[&[StepId]]| {
            let mut program = program(after);
            program.turn_round(0, 1);
            program.steps.into_iter().map(|step| step.after.into_iter().collect()).collect::<Vec<Vec<StepId>>>()
        };
        assert_eq!(turned(&[&[], &[0]]), [vec![1], vec![]]);
        assert_eq!(turned(&[&[], &[0, 2], &[0]]), [vec![], vec![0, 2], vec![0]]);
        assert_eq!(turned(&[&[1], &[]]), [vec![1], vec![]], "it is so already");
    }

    #[test]
    fn what_is_left_over_is_told_from_what_goes_now() {
        let mut program = program(&[&[], &[], &[]]);
        for (generation, step) in (0..).zip(&mut program.steps) {
            (step.verb, step.generation) = (Verb::Delete, generation);
        }
        let at = "vpc.main".parse().unwrap();
        let change = Change { deposed: vec![0, 1], ..Change::bare(at, crate::model::Group::Network, Action::Replace) };
        assert_eq!(program.left_over(&change), [(0, 0), (1, 1)]);
    }
}
