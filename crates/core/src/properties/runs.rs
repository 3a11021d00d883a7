//! Runs of programs in the toy world, whole or interrupted, and what must hold
//! of them.

use super::edits::{self, Stack};
use super::kinds::Abstract;
use super::world::{Meddling, Object, World};
use crate::address::Address;
use crate::graph::Graph;
use crate::journal::{Entry, replay};
use crate::kind::Kinds as _;
use crate::lower::{self, Program, Step, StepId};
use crate::observed::{Live, Observed};
use crate::plan::{Action, Change, Inputs, Options, Plan, plan};
use crate::queue::{Place, Queue};
use crate::reference::{promises, resolve};
use crate::state::{Intent, Record, Scope, State, Verb};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What goes wrong at which step of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    None,
    /// Killed: the step's call was not sent.
    Unsent(usize),
    /// Killed: the call was executed and not written down.
    Unwritten(usize),
    /// Killed behind the step.
    Behind(usize),
    /// The step fails without having been executed, the run goes on.
    Fails(usize),
}

pub(super) fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        2 => Just(Trouble::None),
        1 => (0..12_usize).prop_map(Trouble::Unsent),
        2 => (0..12_usize).prop_map(Trouble::Unwritten),
        1 => (0..12_usize).prop_map(Trouble::Behind),
        1 => (0..12_usize).prop_map(Trouble::Fails),
    ]
}

fn meddling() -> impl Strategy<Value = (Meddling, usize)> {
    let with = prop_oneof![
        3 => Just(Meddling::Nothing),
        1 => Just(Meddling::Delete),
        1 => Just(Meddling::Edit),
        1 => Just(Meddling::TakeName),
    ];
    (with, any::<usize>())
}

/// A stack's state and the world it is in.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub world: World,
    pub state: State,
    /// Every line that was ever written.
    pub lines: Vec<Entry>,
    /// Every identity that was recorded, with its object.
    pub identities: BTreeMap<String, String>,
    chance: u64,
}

/// A plan with its steps.
pub(super) struct Planned {
    pub plan: Plan,
    pub program: Program,
    observed: BTreeMap<Address, Observed>,
    /// Whose old objects go before new ones are made.
    early: BTreeSet<Address>,
}

impl Site {
    pub(super) fn new(chance: u64) -> Self {
        Self {
            world: World::default(),
            state: State::new(edits::id(), "lineage".to_owned()),
            lines: Vec::new(),
            identities: BTreeMap::new(),
            chance: chance | 1,
        }
    }

    fn random(&mut self, below: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % below as u64).unwrap()
    }

    pub(super) fn observe(&self, graph: &Graph) -> BTreeMap<Address, Observed> {
        let state = &self.state;
        let intended = state.intents.iter().filter(|intent| intent.verb == Verb::Create).map(|intent| &intent.address);
        let wanted = graph.order().iter().chain(graph.surges().keys());
        let all: BTreeSet<&Address> = wanted.chain(state.resources.keys()).chain(intended).collect();
        all.into_iter().filter_map(|at| Some((at.clone(), self.look(graph, at)?))).collect()
    }

    fn look(&self, graph: &Graph, at: &Address) -> Option<Observed> {
        let given = super::world::traits(at.kind()).naming == super::kinds::Style::Given;
        if let Some(record) = self.state.resources.get(at) {
            return Some(match given {
                true => self.world.by_identity(at.kind(), &record.oid, &record.name, &Value::Null),
                false => self.world.by_id(&record.outputs["id"]),
            });
        }
        if let Some(intent) = self.state.create_intent(at) {
            return Some(self.world.by_identity(at.kind(), &intent.oid, &intent.name, &intent.spec["label"]));
        }
        let label = graph.any(at)?.spec["label"].clone();
        given.then(|| self.world.by_identity(at.kind(), "", label.as_str().unwrap(), &label))
    }

    /// Before a plan, creates in doubt beside a record end: second halves of interrupted replacements that were
    /// made take the place of the first, the others were not made.
    fn succeed(&mut self) {
        let beside =
            |intent: &&Intent| intent.verb == Verb::Create && self.state.resources.contains_key(&intent.address);
        for intent in self.state.intents.iter().filter(beside).cloned().collect::<Vec<_>>() {
            let address = intent.address.clone();
            let seen = self.world.by_identity(address.kind(), &intent.oid, &intent.name, &intent.spec["label"]);
            self.write(match seen {
                Observed::Live(live) if intent.attempted => {
                    Entry::Recorded { address, record: Box::new(made(&intent, &live)) }
                }
                _ => Entry::Resolved { address, generation: intent.generation, verb: Verb::Create },
            });
        }
    }

    pub(super) fn plan(&mut self, graph: &Graph, options: &Options) -> Planned {
        self.succeed();
        let observed = self.observe(graph);
        let inputs = Inputs { kinds: &Abstract, graph, state: &self.state, observed: &observed, options };
        let plan = plan(&inputs).unwrap();
        let sources = lower::Sources {
            priors: &crate::durations::Priors::default(),
            graph,
            state: &self.state,
            observed: &observed,
            lowerings: &[],
        };
        let program = lower::lower(&plan, &sources);
        let early = crate::plan::early(&plan.changes, &self.state);
        Planned { plan, program, observed, early }
    }

    fn write(&mut self, entry: Entry) {
        if let Entry::Recorded { record, .. } = &entry {
            let id = record.outputs["id"].as_str().unwrap_or_default();
            self.identities.insert(record.oid.clone(), id.to_owned());
        }
        replay(&mut self.state, &entry);
        self.lines.push(entry);
    }

    /// Runs a plan; `Err` says what the world refused.
    pub(super) fn run(&mut self, graph: &Graph, planned: &Planned, trouble: Trouble) -> Result<(), String> {
        let mut queue =
            Queue::new(&planned.program).map_err(|knot| format!("a knot of {}", knotted(&planned.program, &knot.0)))?;
        self.declare(graph, planned);
        let mut pool: Vec<StepId> = Vec::new();
        for count in 0.. {
            pool.extend(std::iter::from_fn(|| queue.take()));
            if pool.is_empty() {
                break;
            }
            let id = pool.swap_remove(self.random(pool.len()));
            let step = &planned.program.steps[id];
            match trouble {
                Trouble::Unsent(at) if at == count => return Ok(()),
                Trouble::Fails(at) if at == count => {
                    self.resolve(step, step.verb);
                    queue.fail(id);
                    continue;
                }
                _ => {}
            }
            let done = self
                .act(step, planned.early.contains(&step.address))
                .map_err(|why| format!("{} {}: {why}\n{}", step.verb, step.address, steps(&planned.program)))?;
            if matches!(trouble, Trouble::Unwritten(at) if at == count) {
                return Ok(());
            }
            self.note(step, done).map_err(|why| format!("{why} {:#?}", planned.program.steps))?;
            if matches!(trouble, Trouble::Behind(at) if at == count) {
                return Ok(());
            }
            queue.finish(id);
        }
        if queue.count(Place::Waiting) > 0 { Err("steps were never started".to_owned()) } else { Ok(()) }
    }

    fn resolve(&mut self, step: &Step, verb: Verb) {
        self.write(Entry::Resolved { address: step.address.clone(), generation: step.generation, verb });
    }

    /// All intents, as a run writes them before its first call.
    fn declare(&mut self, graph: &Graph, planned: &Planned) {
        for (address, seen) in &planned.observed {
            let Observed::Live(live) = seen else {
                self.vanished(address, planned);
                continue;
            };
            let change = planned.plan.changes.iter().find(|change| change.address == *address);
            let goes =
                change.is_some_and(|change| matches!(change.action, Action::Delete | Action::Replace | Action::Surge));
            let record = match (self.state.resources.get(address), self.state.create_intent(address)) {
                (Some(record), _) => Some(self.learned(graph, record, (live, change))),
                (None, Some(intent)) if goes => Some(made(intent, live)),
                (None, _) => None,
            };
            if let Some(record) = record {
                self.write(Entry::Recorded { address: address.clone(), record: Box::new(record) });
            }
        }
        for intent in self.state.intents.clone().iter().filter(|intent| intent.verb != Verb::Create) {
            let (address, generation, verb) = (intent.address.clone(), intent.generation, intent.verb);
            self.write(Entry::Resolved { address, generation, verb });
        }
        for step in &planned.program.steps {
            let change = planned.plan.changes.iter().find(|change| change.address == step.address).unwrap();
            let intent = self.intent(graph, step, change);
            self.write(Entry::Intent(intent));
        }
    }

    /// What a look taught of a recorded resource.
    fn learned(&self, graph: &Graph, record: &Record, (live, change): (&Live, Option<&Change>)) -> Record {
        let change = change.unwrap();
        let mut new = Record { settled: true, outputs: live.outputs.clone(), ..record.clone() };
        new.deps = self.state.used_by(&change.address).into_iter().cloned().collect();
        if let Some(node) = graph.node(&change.address).filter(|_| change.action == Action::NoOp) {
            new.deps = graph.deps(&change.address).cloned().collect();
            new.applied = self.known(&node.spec);
        }
        new
    }

    /// A recorded object that is gone and will be made again makes room for its successor.
    fn vanished(&mut self, address: &Address, planned: &Planned) {
        let makes = |change: &Change| matches!(change.action, Action::Create | Action::Surge);
        let made = planned.plan.changes.iter().any(|change| change.address == *address && makes(change));
        if let Some(generation) = self.state.resources.get(address).filter(|_| made).map(|record| record.generation) {
            self.write(Entry::Deleted { address: address.clone(), generation });
        }
    }

    fn intent(&self, graph: &Graph, step: &Step, change: &Change) -> Intent {
        let record = self.state.resources.get(&step.address);
        let node = graph.any(&step.address).filter(|_| !matches!(step.verb, Verb::Delete | Verb::Forget));
        let deps: BTreeSet<Address> = match node.or_else(|| graph.node(&step.address)) {
            Some(_) => graph.deps(&step.address).cloned().collect(),
            None => record.map(|record| record.deps.clone()).unwrap_or_default(),
        };
        Intent {
            address: step.address.clone(),
            generation: step.generation,
            oid: change.oid.clone(),
            name: change.name.clone(),
            verb: step.verb,
            spec: node.map(|node| node.spec.clone()).unwrap_or_default(),
            deps,
            // Whoever plans here has looked for what was in doubt.
            attempted: step.verb == Verb::Create
                && record.is_none()
                && self
                    .state
                    .create_intent(&step.address)
                    .is_some_and(|earlier| earlier.attempted && earlier.generation == step.generation),
            kept_by: change.kept_by().cloned(),
        }
    }

    fn known(&self, spec: &Value) -> Value {
        resolve(spec, &|promise| self.state.resources.get(&promise.of)?.outputs.get(&promise.output).cloned())
    }

    fn declared(&self, step: &Step) -> Result<Intent, String> {
        let of = |intent: &&Intent| {
            intent.address == step.address && intent.generation == step.generation && intent.verb == step.verb
        };
        let found = self.state.intents.iter().find(of).cloned();
        found.ok_or_else(|| {
            format!("{step:?} is not declared: {:?}, {:?}", self.state.intents, self.state.resources.get(&step.address))
        })
    }

    /// Id of the object that a step edits or deletes.
    fn target(&self, step: &Step) -> Result<String, String> {
        let record = self.state.resources.get(&step.address).filter(|record| record.generation == step.generation);
        let deposed = self.state.deposed(&step.address).iter().find(|old| old.generation == step.generation);
        let outputs = record.map(|record| &record.outputs).or(deposed.map(|old| &old.outputs));
        let id = outputs.and_then(|outputs| outputs["id"].as_str());
        id.map(str::to_owned).ok_or_else(|| "nothing is recorded of it".to_owned())
    }

    /// What a step does at the world; the id of what it made.
    fn act(&mut self, step: &Step, early: bool) -> Result<String, String> {
        let (intent, kind) = (self.declared(step)?, step.address.kind().to_owned());
        self.write(Entry::Attempt {
            address: step.address.clone(),
            generation: step.generation,
            verb: Some(step.verb),
        });
        let spec = self.known(&intent.spec);
        if let Some(promise) = promises(&spec).first() {
            return Err(format!("the output of {} is not known", promise.of));
        }
        match step.verb {
            Verb::Create => {
                let Intent { oid, name, .. } = intent;
                let id = self.world.create(&step.address, Object { kind, oid: oid.clone(), name, spec })?;
                match self.identities.get(&oid) {
                    Some(before) if *before != id => Err("an identity was used for a second object".to_owned()),
                    _ => Ok(id),
                }
            }
            Verb::Update => {
                let id = self.target(step)?;
                self.world.update(&id, spec).map(|()| id)
            }
            Verb::Adopt => match self.world.by_identity(&kind, &intent.oid, &intent.name, &intent.spec["label"]) {
                Observed::Live(live) => {
                    let id = live.outputs["id"].as_str().unwrap_or_default().to_owned();
                    self.world.update(&id, spec).map(|()| id)
                }
                _ => Err("it is not there".to_owned()),
            },
            Verb::Delete => {
                let id = self.target(step)?;
                self.world.delete(&id, early).map(|()| id)
            }
            Verb::Forget => Ok(String::new()),
            // Only lowerings ask for operations, and there are none here.
            verb => Err(format!("{verb} of an abstract resource")),
        }
    }

    /// What a step writes when it has ended.
    fn note(&mut self, step: &Step, id: String) -> Result<(), String> {
        let address = step.address.clone();
        if matches!(step.verb, Verb::Delete | Verb::Forget) {
            self.write(Entry::Deleted { address, generation: step.generation });
        } else {
            let intent = self.declared(step)?;
            let spec = self.known(&intent.spec);
            let outputs = serde_json::json!({"id": id});
            self.write(Entry::Recorded { address, record: Box::new(record(&intent, spec, outputs, Some(id))) });
        }
        self.resolve(step, step.verb);
        self.resolve(step, Verb::Create);
        Ok(())
    }

    /// Nothing is in doubt or left over, and the world is what the graph wants.
    pub(super) fn converged(&self, graph: &Graph) -> Result<(), String> {
        let State { resources, deposed, intents, .. } = &self.state;
        if !intents.is_empty() || !deposed.is_empty() {
            return Err(format!("left over: {intents:?} {deposed:?}"));
        }
        let wanted: BTreeSet<&Address> = graph.order().iter().collect();
        if wanted != resources.keys().collect() || resources.len() != self.world.objects.len() {
            return Err(format!(
                "wanted {wanted:?}, recorded {:?}, there is {:?}",
                resources.keys(),
                self.world.objects
            ));
        }
        for (at, record) in resources {
            let spec = self.known(&graph.node(at).unwrap().spec);
            let object = self.world.objects.get(record.outputs["id"].as_str().unwrap());
            let deps: BTreeSet<Address> = graph.deps(at).cloned().collect();
            if object.is_none_or(|object| object.spec != spec) || record.applied != spec || record.deps != deps {
                return Err(format!("{at} should be {spec}, is {object:?} and recorded as {record:?}"));
            }
        }
        Ok(())
    }
}

fn made(intent: &Intent, live: &Live) -> Record {
    record(intent, live.spec.clone(), live.outputs.clone(), live.incarnation.clone())
}

fn record(intent: &Intent, applied: Value, outputs: Value, incarnation: Option<String>) -> Record {
    Record {
        kind: intent.address.kind().to_owned(),
        version: Abstract.pure(intent.address.kind()).unwrap().version(),
        scope: Scope { account: edits::id().account, region: edits::id().region },
        oid: intent.oid.clone(),
        generation: intent.generation,
        name: intent.name.clone(),
        applied,
        outputs,
        deps: intent.deps.clone(),
        incarnation,
        settled: true,
        born: 0,
    }
}

fn steps(program: &Program) -> String {
    let all: Vec<StepId> = (0..program.steps.len()).collect();
    knotted(program, &all)
}

fn knotted(program: &Program, steps: &[StepId]) -> String {
    let step = |id: &StepId| {
        let Step { address, verb, generation, after, .. } = &program.steps[*id];
        format!("{id}: {verb} {address} {generation} after {after:?}")
    };
    format!("steps: {:#?}", steps.iter().map(step).collect::<Vec<_>>())
}

/// So many cases, or as many as `PROPTEST_CASES` says.
pub(super) fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Everything is permitted that can be.
pub(super) fn permissive() -> Options {
    let allow_delete = (0..edits::COUNT).map(edits::address).collect();
    Options { allow_delete, ..Options::default() }
}

/// The graph of a stack and its plan, unless the plan is refused.
pub(super) fn applicable(site: &mut Site, stack: &Stack) -> Option<(Graph, Planned)> {
    let graph = edits::graph(&edits::harmless(stack.clone()));
    let planned = site.plan(&graph, &permissive());
    let refused = planned.plan.refused().next().is_some();
    (!refused).then_some((graph, planned))
}

proptest! {
    #![proptest_config(config(400))]

    /// Whole runs: each stack is reached in one run, and then nothing is left to do; in the end all of it can go.
    #[test]
    fn every_stack_is_reached_in_one_run(stacks in edits::stacks(4), chance in any::<u64>()) {
        let mut site = Site::new(chance);
        for stack in &stacks {
            let Some((graph, planned)) = applicable(&mut site, stack) else { continue };
            site.run(&graph, &planned, Trouble::None).map_err(TestCaseError::fail)?;
            site.converged(&graph).map_err(TestCaseError::fail)?;
            let again = site.plan(&graph, &Options::default());
            prop_assert!(again.plan.is_empty() && again.program.steps.is_empty(), "{:#?}", again.plan);
        }
        gone(site)?;
    }
}

proptest! {
    #![proptest_config(config(800))]

    /// Interrupted and failing runs, and between them edits of the stack and of the world by others: one undisturbed run heals everything.
    #[test]
    fn one_undisturbed_run_heals_everything(
        stacks in edits::stacks(4),
        troubles in proptest::collection::vec((trouble(), meddling()), 4),
        chance in any::<u64>(),
    ) {
        let mut site = Site::new(chance);
        for (stack, (trouble, (meddling, which))) in stacks.iter().zip(&troubles) {
            site.world.meddle(*meddling, *which);
            let Some((graph, planned)) = applicable(&mut site, stack) else { continue };
            site.run(&graph, &planned, *trouble).map_err(TestCaseError::fail)?;
        }
        site.world.strangers_leave();
        if let Some((graph, planned)) = applicable(&mut site, stacks.last().unwrap()) {
            site.run(&graph, &planned, Trouble::None).map_err(TestCaseError::fail)?;
            site.converged(&graph).map_err(TestCaseError::fail)?;
            let again = site.plan(&graph, &Options::default());
            prop_assert!(again.plan.is_empty() && again.program.steps.is_empty(), "{:#?}", again.plan);
        }
        gone(site)?;
    }
}

/// The state alone suffices to remove everything.
fn gone(mut site: Site) -> Result<(), TestCaseError> {
    let graph = edits::nothing();
    let planned = site.plan(&graph, &Options { destroy: true, ..permissive() });
    site.run(&graph, &planned, Trouble::None).map_err(TestCaseError::fail)?;
    site.converged(&graph).map_err(TestCaseError::fail)
}
