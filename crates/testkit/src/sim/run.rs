//! One run, as the command line does it: open, remember, look, plan, write down, act.

use super::cohort::{lowerings, writes};
use super::disk::Trap;
use super::log::{Ended, RunLog};
use super::mutants::Lapse;
use super::object::Object;
use super::place::Place;
use super::stack::{Stack, holds_data};
use super::tape::Tape;
use super::world::World;
use auroractl_core::durations::Priors;
use auroractl_core::journal::{self, Entry, replay};
use auroractl_core::lower::{Sources, lower};
use auroractl_core::plan::{Action, Inputs, Options, Plan, plan};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Graph, Observed, Standing, State, guard};
use auroractl_engine::apply::{ApplyError, Desk, Means, Unchanged, Work, apply, settle};
use auroractl_engine::event::Summary;
use auroractl_engine::refresh::{Scene, Search, Seen, refresh};
use auroractl_engine::resume::resume;
use auroractl_engine::store::remote::RemoteError;
use auroractl_engine::store::{Store as _, StoreError};
use auroractl_engine::{CallError, Event, Registry, World as _, stop};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub(super) const DIR: &str = "/state/sim";
/// No run takes so long; one that does never ends.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A plan that was reviewed and kept.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) stack: Stack,
    plan: Plan,
    serial: u64,
}

/// Everything that one run is given.
pub(super) struct Setting {
    pub(super) world: World,
    pub(super) place: Place,
    pub(super) stack: Stack,
    pub(super) options: Options,
    pub(super) saved: Option<Saved>,
    /// When the user interrupts, counted from the start of the apply.
    pub(super) interrupts: Vec<Duration>,
    /// Faults are about.
    pub(super) disturbed: bool,
    /// The number of deeds that are under way at once.
    pub(super) parallel: usize,
    /// A throttling storm is about.
    pub(super) storm: bool,
    /// Between the plan and the first call somebody puts another object under a name that is to go.
    pub(super) usurped: bool,
}

/// What a run has noted of itself.
#[derive(Default)]
struct Notes {
    loaded: Option<State>,
    interrupted: Option<(Duration, u32)>,
}

impl Setting {
    /// Runs, and leaves the record of it in the world's log.
    pub(super) async fn run(&self) -> Ended {
        let world = &self.world;
        let begun = world.clock().now();
        let owned_before = world.objects().iter().filter(|object| !object.foreign && !object.oid.is_empty()).count();
        let mut notes = Notes::default();
        let ended = tokio::select! {
            biased;
            at = world.died() => Ended::Died(at),
            ended = world.clock().within(FOREVER, self.work(&mut notes)) => {
                ended.unwrap_or_else(|| Ended::Failed("it did not end".to_owned()))
            }
        };
        let now = world.clock().now();
        let mut inner = world.inner();
        inner.tick(now);
        let calls = inner.log.calls.iter().filter(|call| call.run == world.number()).count();
        let log = RunLog {
            number: world.number(),
            span: (begun, now),
            interrupted: notes.interrupted,
            loaded: notes.loaded,
            ended: ended.clone(),
            wanted: self.stack.shapes(),
            world: inner.objects.values().cloned().collect(),
            disturbed: self.disturbed,
            calls,
            storm: self.storm,
            owned_before,
            shared: self.place.bucket.is_some(),
        };
        inner.log.runs.push(log);
        drop(inner);
        world.tell(|| format!("{ended:?}"));
        ended
    }

    async fn work(&self, notes: &mut Notes) -> Ended {
        let disk = Arc::new(Trap { disk: self.place.disk.clone(), world: self.world.clone() });
        let (store, opened) = match self.place.open(&self.world, disk).await {
            Ok(opened) => opened,
            Err(why) => return unopened(&why),
        };
        let mut store = Tape { store, world: self.world.clone(), remote: self.place.bucket.is_some() };
        let ended = self.opened(&mut store, opened.state, notes).await;
        match (Box::new(store).close().await, ended) {
            (Err(why), Ended::Well | Ended::Nothing) if why.fenced() => Ended::Failed(format!("store: {why}")),
            (_, ended) => ended,
        }
    }

    /// What a run does under the lock.
    async fn opened(&self, store: &mut Tape, found: Option<State>, notes: &mut Notes) -> Ended {
        let lapse = self.world.lapse();
        let registry = Lapse::registry(lapse);
        let fresh = found.is_none();
        let mut state = found.unwrap_or_else(|| State::new(Stack::id(), format!("lineage-{}", self.world.number())));
        notes.loaded = Some(state.clone()).filter(|_| !fresh);
        if fresh && lapse != Some(Lapse::LostStateIsNew) {
            match self.world.inventory(&state.stack).await {
                Ok(owned) if owned.is_empty() => {}
                Ok(_) => return Ended::Refused("lost state".to_owned()),
                Err(why) => return Ended::Failed(why.to_string()),
            }
        }
        let graph = match self.stack.graph() {
            Ok(graph) => graph,
            Err(why) => return Ended::Failed(format!("stack: {why}")),
        };
        Lapse::remember(lapse, &mut state, |at| graph.node(at).is_some());
        let mut lines = self.moves(&mut state);
        if let Err(why) = write(store, &lines).await {
            return why;
        }
        if lapse != Some(Lapse::NoResume) {
            lines = match resume(self.scene((&registry, &graph, &state)), Search::Patient).await {
                Ok(lines) => lines,
                Err(why) => return Ended::Failed(why.to_string()),
            };
            lines.iter().for_each(|line| replay(&mut state, line));
            if let Err(why) = write(store, &lines).await {
                return why;
            }
        }
        self.permit(&state);
        let (plan, seen) = match self.look((&registry, &graph, &state), Search::Patient).await {
            Ok(looked) => looked,
            Err(ended) => return ended,
        };
        self.act((plan, seen), (&registry, &graph), (&mut state, store), notes).await
    }

    /// What `[[moved]]` renames.
    fn moves(&self, state: &mut State) -> Vec<Entry> {
        journal::follow(state, self.stack.moved.iter().cloned())
    }

    /// Tells the world what may be deleted, in the identities that it knows.
    fn permit(&self, state: &State) {
        let allowed = &self.options.allow_delete;
        let may = |at: &auroractl_core::Address| {
            allowed.contains(at) || guard::parent(at, state).is_some_and(|parent| allowed.contains(parent))
        };
        let recorded = state.resources.iter().filter(|(at, _)| may(at)).map(|(_, record)| record.oid.clone());
        let intended = state.intents.iter().filter(|intent| may(&intent.address)).map(|intent| intent.oid.clone());
        let oids: BTreeSet<String> = recorded.chain(intended).collect();
        self.world.permit(oids);
    }

    fn scene<'a>(&'a self, parts: (&'a Registry<World>, &'a Graph, &'a State)) -> Scene<'a, World> {
        let (registry, graph, state) = parts;
        Scene { world: &self.world, registry, clock: self.world.clock(), graph, state }
    }

    /// Looks and plans.
    async fn look(&self, parts: (&Registry<World>, &Graph, &State), search: Search) -> Result<(Plan, Seen), Ended> {
        let (registry, graph, state) = parts;
        let observed =
            refresh(self.scene(parts), search).await.map_err(|why: CallError| Ended::Failed(why.to_string()))?;
        if observed.values().any(|seen| matches!(seen, Observed::Unknown(_))) {
            return Err(Ended::Failed("something could not be looked at".to_owned()));
        }
        let careless = self.world.lapse() == Some(Lapse::PermissionNotAsked);
        let options = Options { ephemeral: careless, ..self.options.clone() };
        let mut lapsed = state.clone();
        lapsed.standing = lapsed.standing.map(|standing| Standing { ephemeral: careless, ..standing });
        let state = &lapsed;
        let inputs = Inputs { kinds: registry, graph, state, observed: &observed, options: &options };
        let plan = plan(&inputs).map_err(|why| Ended::Failed(format!("plan: {why}")))?;
        Ok((plan, observed))
    }

    async fn act(
        &self,
        (mut plan, seen): (Plan, Seen),
        (registry, graph): (&Registry<World>, &Graph),
        (state, store): (&mut State, &mut Tape),
        notes: &mut Notes,
    ) -> Ended {
        if let Some(saved) = &self.saved {
            let stale = saved.serial != state.serial || saved.plan != plan;
            if stale && self.world.lapse() != Some(Lapse::StalePlanIsApplied) {
                return Ended::Refused("stale".to_owned());
            }
            plan = saved.plan.clone();
        }
        if let Some(refused) = plan.refused().next() {
            let class = refused.refusal.as_ref().map(|refusal| format!("{:?}", refusal.class));
            self.world.tell(|| format!("{refused:?}"));
            return Ended::Refused(class.unwrap_or_default());
        }
        if plan.is_empty() {
            let work = Unchanged { kinds: registry, plan: &plan, graph, observed: &seen, options: &self.options };
            return match settle(work, state, store).await {
                Ok(()) => Ended::Nothing,
                Err(why) => Ended::Failed(format!("store: {why}")),
            };
        }
        if let Err(why) = store.probe() {
            return Ended::Failed(format!("store: {why}"));
        }
        if self.usurped {
            self.usurp(&plan, state);
        }
        let priors = Priors::default();
        let sources =
            Sources { priors: &priors, graph, state, observed: &seen, lowerings: lowerings(self.world.lapse()) };
        let program = lower(&plan, &sources);
        for (id, step) in program.steps.iter().enumerate() {
            self.world.tell(|| {
                format!("step {id}: {} {} g{} after {:?}", step.verb, step.address, step.generation, step.after)
            });
        }
        let means = Means {
            world: &self.world,
            registry,
            clock: self.world.clock(),
            parallel: self.parallel,
            deadline: None,
            run: "sim",
            command: "apply",
        };
        let work = Work { plan: &plan, program: &program, graph, observed: &seen, options: &self.options };
        self.count_surges(&work);
        let (trigger, stop) = stop::channel();
        let desk = Desk { store, report: &mut |event: Event| self.world.tell(|| format!("{event:?}")), stop };
        let applied = tokio::select! {
            biased;
            applied = apply(means, work, state, desk) => applied,
            () = self.interrupt(&trigger, &mut notes.interrupted) => return Ended::Failed("unreachable".to_owned()),
        };
        finished(applied)
    }

    fn count_surges(&self, work: &Work<'_>) {
        let surge = |at: &Address| work.graph.surges().contains_key(at);
        let mut inner = self.world.inner();
        let mut count = |what: &str| inner.log.count("surge", what);
        for change in work.plan.changes.iter().filter(|change| surge(&change.address)) {
            count(if change.action == Action::Surge { "made" } else { "left by an interrupted run" });
            if writes(work.observed, &change.address) {
                count("left as the writer");
            }
        }
        for step in &work.program.steps {
            match step.verb {
                Verb::Failover if step.target.as_ref().is_some_and(surge) => count("takes over"),
                Verb::Failback => count("hands back"),
                _ => {}
            }
        }
    }

    /// Puts another object under the name of one that is to be deleted.
    fn usurp(&self, plan: &Plan, state: &State) {
        let deleted = plan.changes.iter().filter(|change| change.action == Action::Delete);
        let known = deleted.filter_map(|change| state.resources.get(&change.address));
        let ids = known.filter(|record| record.incarnation.is_some()).filter_map(|record| record.outputs.get("id"));
        let mut inner = self.world.inner();
        let Some(old) = ids.filter_map(|id| inner.objects.get(id.as_str()?).cloned()).next() else { return };
        let used = inner.objects.values().any(|other| other.parent.as_ref() == Some(&old.id));
        // What held data would have to be put back.
        if used || old.foreign || old.leaving.is_some() || holds_data(old.kind) || old.kind == "db_instance" {
            return;
        }
        inner.remove(&old.id);
        let id = inner.fresh("usurper");
        inner.objects.insert(id.clone(), Object { id, foreign: true, ..old });
        inner.log.count("meddling", "made again between plan and apply");
    }

    /// Interrupts when it is time, and never ends.
    async fn interrupt(&self, trigger: &stop::Trigger, note: &mut Option<(Duration, u32)>) {
        for pause in &self.interrupts {
            self.world.clock().sleep(*pause).await;
            trigger.raise();
            let times = note.map_or(1, |(_, times)| times + 1);
            *note = Some((self.world.clock().now(), times));
        }
        std::future::pending::<()>().await;
    }

    /// A plan to be reviewed, which writes nothing.
    pub(super) async fn plan(&self) -> Option<Saved> {
        let registry = Lapse::registry(self.world.lapse());
        let mut state = self.place.read(self.world.clock()).await?;
        let graph = self.stack.graph().ok()?;
        self.moves(&mut state);
        let lines = resume(self.scene((&registry, &graph, &state)), Search::Once).await.ok()?;
        lines.iter().for_each(|line| replay(&mut state, line));
        let (plan, _) = self.look((&registry, &graph, &state), Search::Once).await.ok()?;
        Some(Saved { stack: self.stack.clone(), plan, serial: state.serial })
    }
}

fn finished(applied: Result<Summary, ApplyError>) -> Ended {
    match applied {
        Ok(summary) if summary.failed.is_empty() && summary.stopped.is_none() => Ended::Well,
        Ok(summary) => Ended::Partly(Box::new(summary)),
        Err(why) => Ended::Failed(format!("apply: {why}")),
    }
}

fn unopened(why: &StoreError) -> Ended {
    match why {
        StoreError::Locked(_) | StoreError::Remote(RemoteError::Leased { .. }) => Ended::Refused("locked".to_owned()),
        StoreError::Remote(RemoteError::Call { .. }) => Ended::Failed(format!("store: {why}")),
        StoreError::Io { .. } => Ended::Failed(format!("store: {why}")),
        _ => Ended::Failed(format!("unusable state: {why}")),
    }
}

async fn write(store: &mut Tape, lines: &[Entry]) -> Result<(), Ended> {
    if lines.is_empty() {
        return Ok(());
    }
    store.append(lines, true).await.map_err(|why| Ended::Failed(format!("store: {why}")))
}
