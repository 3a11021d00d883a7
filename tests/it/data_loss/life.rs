//! The life of a stack: its file is edited, the world changes, a run plans, and where nothing is refused it acts, whole or
//! until it dies.

use super::judge::{self, Case, serves_data};
use super::lies::{Liar, Lie};
use super::stacks::{self, Edit};
use super::tally::Tally;
use super::world::{Meddling, World};
use crate::mutation::{edited, others};
use auroractl_aws::Aws;
use auroractl_core::durations::Priors;
use auroractl_core::journal::{Entry, follow, replay};
use auroractl_core::lower::{Program, Sources, Step, lower};
use auroractl_core::plan::{Action, Inputs, Options, Plan, plan};
use auroractl_core::reference::{promises, resolve};
use auroractl_core::state::{Intent, Verb};
use auroractl_core::{Address, Desired, Graph, Live, Observed, Readiness, Record, Scope, State, standing};
use auroractl_engine::Registry;
use auroractl_engine::store::belongs;
use auroractl_stack::Loaded;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use toml::Table;

/// The account of stacks that name none.
const ACCOUNT: &str = "123456789012";

/// A whole life.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// Which of the stacks it begins as, and with which edits.
    pub(super) base: usize,
    /// Without protection, and without a final snapshot.
    pub(super) loose: (bool, bool),
    pub(super) birth: Vec<Edit>,
    /// What of the data was made by a run that did not live to tell.
    pub(super) doubt: Option<usize>,
    pub(super) runs: Vec<Run>,
}

/// One run and what came before it.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Edits of the stack file.
    pub(super) edits: Vec<Edit>,
    /// The file says them as an overlay over what it was.
    pub(super) overlay: bool,
    /// Edits that no stack file can say (yet): of any field of what holds data.
    pub(super) fields: Vec<(usize, usize)>,
    pub(super) meddling: Vec<(Meddling, usize, usize)>,
    pub(super) permits: Permits,
    pub(super) destroy: bool,
    pub(super) refresh: bool,
    pub(super) trouble: Trouble,
}

/// What `--allow-delete` names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Permits {
    Nothing,
    /// One of what holds data or serves it.
    One(usize),
    /// Some of it.
    Some(usize),
    All,
    /// Addresses of other resources, and of none.
    Wrong,
}

/// How a run dies, in parts of a hundred of its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    None,
    /// Before a call.
    Unsent(usize),
    /// After a call, before it was written down.
    Unwritten(usize),
    /// While it waits for what it has made; that may fail meanwhile.
    Waiting(usize, bool),
}

/// A stack in its world.
pub(super) struct Life {
    pub(super) registry: Registry<Aws>,
    pub(super) state: State,
    pub(super) world: World,
    /// Something may have been made while the stack was to last, and no run since has ended well as one that is not: by this
    /// the judge goes, and the planner by what the state says.
    lasting: bool,
    file: Table,
    loaded: Loaded,
}

/// What a run is to reach.
pub(super) struct Wish {
    pub(super) graph: Graph,
    pub(super) options: Options,
    /// Fields that were edited beside the file.
    pub(super) edited: BTreeSet<(Address, String)>,
    /// One of them was a reference, and leads to what AWS does not have: it would refuse the call.
    astray: bool,
}

/// What a run would do.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) program: Program,
    pub(super) observed: BTreeMap<Address, Observed>,
}

impl Life {
    /// A stack that was never applied.
    pub(super) fn new(script: &Script) -> Self {
        let bases = stacks::bases();
        let mut file = bases[script.base % bases.len()].clone();
        let (unprotected, unsaved) = script.loose;
        for path in
            [(unprotected, "deletion_protection"), (unsaved, "backup.final_snapshot")].iter().filter(|one| one.0)
        {
            stacks::set(&mut file, &format!("cluster.{}", path.1), "false");
        }
        let mut loaded = stacks::load(&file, None).unwrap();
        for one in &script.birth {
            let mut next = file.clone();
            stacks::edit(&mut next, *one);
            if let Some(read) = stacks::load(&next, None) {
                (file, loaded) = (next, read);
            }
        }
        let mut id = auroractl_stack::stack_id(&loaded.config);
        ACCOUNT.clone_into(&mut id.account);
        let state = State::new(id, "lineage".to_owned());
        Self { registry: auroractl_stack::registry(), state, world: World::new(), lasting: false, file, loaded }
    }

    /// Another file.
    pub(super) fn rewrite(&mut self, edit: impl FnOnce(&mut Table)) {
        edit(&mut self.file);
        self.loaded = stacks::load(&self.file, None).unwrap();
    }

    /// A resource as a run leaves it that is killed between the answer to its create and the line about it.
    pub(super) fn doubt(&mut self, at: &str) {
        let address: Address = at.parse().unwrap();
        let Record { generation, oid, name, applied: spec, deps, .. } = self.state.resources.remove(&address).unwrap();
        let (verb, attempted, kept_by) = (Verb::Create, true, None);
        self.state.intents.push(Intent { address, generation, oid, name, verb, spec, deps, attempted, kept_by });
    }

    /// The same of one of those that hold data or serve it.
    pub(super) fn doubt_one(&mut self, which: usize) {
        let holders: Vec<String> =
            self.state.resources.keys().filter(|at| serves_data(at.kind())).map(ToString::to_string).collect();
        if !holders.is_empty() {
            self.doubt(&holders[which % holders.len()]);
        }
    }

    /// The file is edited; what is not valid is taken back.
    fn edit(&mut self, run: &Run, tally: &mut Tally) {
        let mut next = self.file.clone();
        run.edits.iter().for_each(|one| stacks::edit(&mut next, *one));
        if next == self.file {
            return;
        }
        let over = run.overlay.then(|| stacks::load(&next, Some(&self.file))).flatten();
        over.iter().for_each(|_| tally.count("stacks as overlays"));
        if let Some(loaded) = over.or_else(|| stacks::load(&next, None)) {
            (self.file, self.loaded) = (next, loaded);
            return tally.count("valid edits");
        }
        tally.count("edits that are not valid");
        for one in &run.edits {
            let mut next = self.file.clone();
            stacks::edit(&mut next, *one);
            if let Some(loaded) = stacks::load(&next, None) {
                (self.file, self.loaded) = (next, loaded);
            }
        }
    }

    pub(super) fn wish(&self, run: &Run) -> Wish {
        let mut desired = match run.destroy {
            true => Desired::new(self.state.stack.clone()),
            false => auroractl_stack::compose(&self.loaded).unwrap().desired,
        };
        let (mut fields, mut astray) = (BTreeSet::new(), false);
        for (which, how) in &run.fields {
            if let Some((at, field, reference)) = self.edit_field(&mut desired, (*which, *how)) {
                fields.insert((at, field));
                astray |= reference;
            }
        }
        let allow_delete = self.permitted(run.permits);
        let said = &self.loaded.config.stack;
        let environment = said.environment.as_str().to_owned();
        let options = Options { allow_delete, ephemeral: said.ephemeral, environment, destroy: run.destroy };
        Wish { graph: desired.check().unwrap(), options, edited: fields, astray }
    }

    /// Another value of one field, each field of each kind as often as any other; and whether a reference was lost.
    fn edit_field(&self, desired: &mut Desired, (which, how): (usize, usize)) -> Option<(Address, String, bool)> {
        let fields = super::fields();
        let (kind, field) = &fields[which % fields.len()];
        let mut nodes: Vec<_> = desired.nodes.iter_mut().filter(|(at, _)| at.kind() == kind).collect();
        let count = nodes.len().max(1);
        let (at, node) = nodes.get_mut(how % count)?;
        let values = others(kind, field, &node.spec[field.as_str()]);
        let value = values.get(how % values.len().max(1))?;
        let before = promises(&node.spec);
        node.spec = edited(self.registry.get(kind).unwrap(), &node.spec, field, value.clone());
        Some(((*at).clone(), field.clone(), promises(&node.spec) != before))
    }

    fn permitted(&self, permits: Permits) -> BTreeSet<Address> {
        let holders = || self.state.resources.keys().filter(|at| serves_data(at.kind())).cloned();
        match permits {
            Permits::Nothing => BTreeSet::new(),
            Permits::One(which) => holders().nth(which % holders().count().max(1)).into_iter().collect(),
            Permits::Some(bits) => {
                holders().enumerate().filter(|(n, _)| bits >> (n % 16) & 1 == 1).map(|(_, at)| at).collect()
            }
            Permits::All => holders().collect(),
            Permits::Wrong => {
                let others = self.state.resources.keys().filter(|at| !serves_data(at.kind())).cloned();
                others
                    .chain(["db_cluster.mian", "kms_key.old", "db_cluster.other"].map(|at| at.parse().unwrap()))
                    .collect()
            }
        }
    }

    /// One run. What its program loses; that is not run.
    pub(super) fn run(&mut self, run: &Run, lie: Lie, tally: &mut Tally) -> Vec<String> {
        let before = (self.file.clone(), self.loaded.clone());
        self.edit(run, tally);
        for (with, which, how) in &run.meddling {
            self.world.meddle(&self.registry, *with, (*which, *how));
        }
        if belongs(&self.state, &auroractl_stack::stack_id(&self.loaded.config)).is_err() {
            tally.count("refused: another stack's state");
            (self.file, self.loaded) = before;
            return Vec::new();
        }
        follow(&mut self.state, stacks::moves(&self.loaded));
        if run.refresh {
            self.succeed();
        }
        let wish = self.wish(run);
        let planned = self.plan(&wish, run.refresh, lie);
        let losses = match lie {
            Lie::None => self.losses(&wish, &planned, run.refresh, &planned.observed),
            _ => self.judged(&wish, &planned, run.refresh),
        };
        tally.run(&self.state, (&wish, &planned), &|at, spec| self.written(at, spec));
        if planned.plan.refused().next().is_none() && losses.is_empty() && !wish.astray {
            tally.count("runs");
            self.execute(&wish, &planned, run.trouble);
        }
        self.world.calm();
        losses
    }

    /// What a program loses, by the truth.
    pub(super) fn judged(&self, wish: &Wish, planned: &Planned, refresh: bool) -> Vec<String> {
        self.losses(wish, planned, refresh, &self.observe(&wish.graph, refresh))
    }

    fn losses(
        &self,
        wish: &Wish,
        planned: &Planned,
        looked: bool,
        observed: &BTreeMap<Address, Observed>,
    ) -> Vec<String> {
        judge::losses(&Case {
            registry: &self.registry,
            state: &self.state,
            observed,
            program: &planned.program,
            refused: planned.plan.refused().next().is_some(),
            world: &self.world,
            looked,
            allowed: &wish.options.allow_delete,
            ephemeral: wish.options.ephemeral && !self.lasting,
        })
    }

    /// The plan of a run and its steps, as the commands make them; of a lie, as they would make them then.
    pub(super) fn plan(&self, wish: &Wish, refresh: bool, lie: Lie) -> Planned {
        let mut observed = self.observe(&wish.graph, refresh);
        let (mut options, mut state) = (wish.options.clone(), self.state.clone());
        lie.about_world(&mut observed, &self.state);
        lie.about_permission(&mut options, &self.state);
        lie.about_state(&mut state);
        let kinds = Liar::new(&self.registry, lie);
        let (graph, state) = (&wish.graph, &state);
        let inputs = Inputs { kinds: &kinds, graph, state, observed: &observed, options: &options };
        let plan = plan(&inputs).unwrap();
        // How long steps take is nothing to what they do.
        let (priors, lowerings) = (Priors::default(), auroractl_stack::LOWERINGS);
        let program = lower(&plan, &Sources { priors: &priors, graph, state, observed: &observed, lowerings });
        Planned { plan, program, observed }
    }

    /// What a look answers, or what is remembered without one.
    fn observe(&self, graph: &Graph, refresh: bool) -> BTreeMap<Address, Observed> {
        let state = &self.state;
        if !refresh {
            let live = |record: &Record| Observed::Live(Box::new(record.remembered()));
            return state.resources.iter().map(|(at, record)| (at.clone(), live(record))).collect();
        }
        let intended = state.intents.iter().filter(|intent| intent.verb == Verb::Create).map(|intent| &intent.address);
        let all: BTreeSet<&Address> = graph.order().iter().chain(state.resources.keys()).chain(intended).collect();
        let mut seen: BTreeMap<Address, Observed> =
            all.into_iter().filter_map(|at| Some((at.clone(), self.look(graph, at)?))).collect();
        for (at, seen) in &mut seen {
            if let Observed::Live(live) = seen
                && graph.node(at).is_none()
            {
                live.needed_by = self.world.needed(live);
            }
        }
        seen
    }

    fn look(&self, graph: &Graph, at: &Address) -> Option<Observed> {
        let (world, kind) = (&self.world, at.kind());
        if let Some(record) = self.state.resources.get(at) {
            return Some(world.look(kind, world.recorded(&self.registry, record), &record.applied));
        }
        if let Some(intent) = self.state.create_intent(at) {
            return Some(world.look(kind, world.intended(intent), &self.known(&intent.spec)));
        }
        let spec = self.known(&graph.node(at)?.spec);
        Some(world.look(kind, world.namesake(&self.registry, kind, &spec), &spec))
    }

    fn known(&self, spec: &Value) -> Value {
        resolve(spec, &|promise| self.state.resources.get(&promise.of)?.outputs.get(&promise.output).cloned())
    }

    /// A spec as its kind writes it, with the promises kept that the state can keep.
    fn written(&self, at: &Address, spec: &Value) -> Value {
        let spec = self.known(spec);
        self.registry.get(at.kind()).unwrap().canonical(&spec).unwrap_or(spec)
    }

    /// The second halves of interrupted replacements, as they are looked for before a plan.
    fn succeed(&mut self) {
        let beside =
            |intent: &&Intent| intent.verb == Verb::Create && self.state.resources.contains_key(&intent.address);
        for intent in self.state.intents.iter().filter(beside).cloned().collect::<Vec<_>>() {
            let (address, generation) = (intent.address.clone(), intent.generation);
            let made = self.world.by_oid(address.kind(), &intent.oid).filter(|_| intent.attempted);
            let line = match made.map(|id| self.world.look(address.kind(), Some(id), &self.known(&intent.spec))) {
                Some(Observed::Live(live)) => Entry::Recorded { address, record: Box::new(self.made(&intent, &live)) },
                Some(Observed::Unknown(_)) => continue,
                _ => Entry::Resolved { address, generation, verb: Verb::Create },
            };
            replay(&mut self.state, &line);
        }
    }

    /// The record of what an interrupted create has made.
    fn made(&self, intent: &Intent, live: &Live) -> Record {
        Record {
            kind: intent.address.kind().to_owned(),
            version: self.registry.get(intent.address.kind()).unwrap().version(),
            scope: Scope { account: ACCOUNT.to_owned(), region: self.state.stack.region.clone() },
            oid: intent.oid.clone(),
            generation: intent.generation,
            name: intent.name.clone(),
            applied: live.spec.clone(),
            outputs: live.outputs.clone(),
            deps: intent.deps.clone(),
            incarnation: live.incarnation.clone(),
            settled: false,
            born: 0,
        }
    }

    fn write(&mut self, entry: &Entry) {
        replay(&mut self.state, entry);
    }

    /// Everything that a run writes down before its first call.
    fn declare(&mut self, wish: &Wish, planned: &Planned) {
        self.lasting |= !wish.options.ephemeral && !wish.options.destroy;
        standing::begun(&self.state, &wish.options).iter().for_each(|line| self.write(line));
        for change in &planned.plan.changes {
            let (address, record) = (change.address.clone(), self.state.resources.get(&change.address));
            let line = match (planned.observed.get(&address), record) {
                (Some(Observed::Live(live)), Some(record)) => {
                    let mut new = Record { outputs: live.outputs.clone(), ..record.clone() };
                    new.settled |= live.readiness == Readiness::Ready;
                    new.deps = self.state.used_by(&address).into_iter().cloned().collect();
                    if let Some(node) = wish.graph.node(&address).filter(|_| change.action == Action::NoOp) {
                        (new.deps, new.applied) =
                            (wish.graph.deps(&address).cloned().collect(), self.known(&node.spec));
                    }
                    Some(Entry::Recorded { address, record: Box::new(new) })
                }
                (Some(Observed::Live(live)), None) if matches!(change.action, Action::Delete | Action::Replace) => {
                    let made = self.state.create_intent(&address).map(|intent| Box::new(self.made(intent, live)));
                    made.map(|record| Entry::Recorded { address, record })
                }
                (None | Some(Observed::Absent), Some(record)) if change.action == Action::Create => {
                    Some(Entry::Deleted { generation: record.generation, address })
                }
                _ => None,
            };
            line.iter().for_each(|line| self.write(line));
        }
        for intent in self.state.intents.clone().iter().filter(|intent| intent.verb != Verb::Create) {
            let (address, generation, verb) = (intent.address.clone(), intent.generation, intent.verb);
            self.write(&Entry::Resolved { address, generation, verb });
        }
        for step in &planned.program.steps {
            let intent = self.intent(wish, planned, step);
            self.write(&Entry::Intent(intent));
        }
    }

    fn intent(&self, wish: &Wish, planned: &Planned, step: &Step) -> Intent {
        let change = planned.plan.changes.iter().find(|change| change.address == step.address).unwrap();
        let record = self.state.resources.get(&step.address);
        let gone = record.filter(|_| matches!(step.verb, Verb::Delete | Verb::Forget));
        let node = wish.graph.node(&step.address).filter(|_| gone.is_none());
        let recorded = || record.map(|record| (record.applied.clone(), record.deps.clone())).unwrap_or_default();
        let wanted = node.map(|node| (node.spec.clone(), wish.graph.deps(&step.address).cloned().collect()));
        let (spec, deps) = wanted.unwrap_or_else(recorded);
        Intent {
            address: step.address.clone(),
            generation: step.generation,
            oid: gone.map_or(&change.oid, |record| &record.oid).clone(),
            name: gone.map_or(&change.name, |record| &record.name).clone(),
            verb: step.verb,
            spec,
            deps,
            attempted: step.verb == Verb::Create
                && record.is_none()
                && planned.observed.get(&step.address) == Some(&Observed::Absent)
                && self
                    .state
                    .create_intent(&step.address)
                    .is_some_and(|earlier| earlier.attempted && earlier.generation == step.generation),
            kept_by: change.kept_by().cloned(),
        }
    }

    /// Runs a program, each step after those that it waits for; what needs one that failed is not begun.
    pub(super) fn execute(&mut self, wish: &Wish, planned: &Planned, trouble: Trouble) {
        self.declare(wish, planned);
        let steps = &planned.program.steps;
        let (mut done, mut failed) = (BTreeSet::new(), BTreeSet::new());
        let ready = |done: &BTreeSet<usize>, failed: &BTreeSet<usize>| {
            (0..steps.len()).find(|id| !done.contains(id) && !failed.contains(id) && steps[*id].after.is_subset(done))
        };
        while let Some(id) = ready(&done, &failed) {
            let step = &steps[id];
            let here = |at: usize| (done.len() + failed.len()) == at * steps.len() / 100;
            let (address, generation, verb) = (step.address.clone(), step.generation, step.verb);
            self.write(&Entry::Attempt { address: address.clone(), generation, verb: Some(verb) });
            if matches!(trouble, Trouble::Unsent(at) if here(at)) {
                return;
            }
            let Ok(made) = self.act(step) else {
                self.write(&Entry::Resolved { address, generation, verb });
                failed.insert(id);
                continue;
            };
            if matches!(trouble, Trouble::Unwritten(at) if here(at)) {
                return;
            }
            let waiting = matches!(trouble, Trouble::Waiting(at, _) if here(at));
            self.note(step, made.as_deref(), !waiting);
            if waiting {
                if let (Some(id), Trouble::Waiting(_, true)) = (made, trouble) {
                    self.world.fail(&id);
                }
                return;
            }
            done.insert(id);
        }
        if done.len() == steps.len() {
            self.end(wish);
        }
    }

    /// A run has ended well.
    fn end(&mut self, wish: &Wish) {
        let gone = self.state.resources.is_empty() && self.state.deposed.is_empty() && self.state.intents.is_empty();
        if !wish.options.destroy || gone {
            self.lasting = !wish.options.ephemeral && !wish.options.destroy;
        }
        standing::ended(&self.state, &wish.options).iter().for_each(|line| self.write(line));
    }

    fn declared(&self, step: &Step) -> Intent {
        let of = |intent: &&Intent| {
            intent.address == step.address && intent.generation == step.generation && intent.verb == step.verb
        };
        self.state.intents.iter().find(of).unwrap().clone()
    }

    /// What a step does at the world; the id of what it made or edited.
    fn act(&mut self, step: &Step) -> Result<Option<String>, String> {
        let (intent, at) = (self.declared(step), &step.address);
        let spec = self.known(&intent.spec);
        if let Some(promise) = promises(&spec).first() {
            return Err(format!("the output of {} is not known", promise.of));
        }
        let spec = self.registry.get(at.kind()).unwrap().canonical(&spec).unwrap_or_default();
        match step.verb {
            Verb::Create => self.world.create(&intent, spec).map(Some),
            Verb::Update | Verb::Adopt => {
                let recorded =
                    self.state.resources.get(at).and_then(|record| self.world.recorded(&self.registry, record));
                let id = recorded.or_else(|| self.world.intended(&intent)).ok_or("it is not there")?.to_owned();
                self.world.update(&id, &intent.oid, spec).map(|()| Some(id))
            }
            Verb::Delete => {
                let record = self.state.resources.get(at).filter(|record| record.generation == step.generation);
                let deposed = self.state.deposed(at).iter().find(|old| old.generation == step.generation);
                let (sent, id) = match (record, deposed) {
                    (Some(record), _) => {
                        (record.applied.clone(), self.world.recorded(&self.registry, record).map(str::to_owned))
                    }
                    (None, Some(old)) => (old.applied.clone(), old.outputs["id"].as_str().map(str::to_owned)),
                    (None, None) => return Err("nothing is recorded of it".to_owned()),
                };
                id.map_or(Ok(()), |id| self.world.delete(&id, &sent)).map(|()| None)
            }
            _ => Ok(None),
        }
    }

    /// What a step writes when it has ended.
    fn note(&mut self, step: &Step, made: Option<&str>, settled: bool) {
        let (address, generation) = (step.address.clone(), step.generation);
        match (step.verb, made) {
            (Verb::Delete | Verb::Forget, _) => self.write(&Entry::Deleted { address: address.clone(), generation }),
            (_, Some(id)) => {
                let intent = self.declared(step);
                let applied = self.world.objects[id].spec.clone();
                if let Observed::Live(live) = self.world.look(address.kind(), Some(id), &applied) {
                    let settled = settled || self.state.resources.get(&address).is_some_and(|record| record.settled);
                    let record = Record { applied, settled, ..self.made(&intent, &live) };
                    self.write(&Entry::Recorded { address: address.clone(), record: Box::new(record) });
                }
            }
            _ => {}
        }
        for verb in [step.verb, Verb::Create] {
            self.write(&Entry::Resolved { address: address.clone(), generation, verb });
        }
    }
}
