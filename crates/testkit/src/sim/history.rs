//! Histories: disturbed runs with edits between them, then one that is not disturbed.

use super::kinds::{Guard, KINDS, Named, Relation, Spec, Token, Untokened, Upsert};
use super::world::{Faults, HORIZON, World};
use auroractl_core::durations::Priors;
use auroractl_core::identity::StackId;
use auroractl_core::ids::VpcId;
use auroractl_core::journal::replay;
use auroractl_core::lower::{Sources, lower};
use auroractl_core::plan::{Inputs, Options, Plan, plan};
use auroractl_core::state::State;
use auroractl_core::{Desired, Graph, Handle, Input};
use auroractl_engine::apply::{Desk, Means, Unchanged, Work, apply, settle};
use auroractl_engine::refresh::{Scene, Search, Seen, refresh};
use auroractl_engine::resume::resume;
use auroractl_engine::store::memory::MemDisk;
use auroractl_engine::store::{Local, Mode, Store as _};
use auroractl_engine::{Event, Registry, stop};
use fastrand::Rng;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A history is its seed and how wild it may be.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Everything random follows from it.
    pub seed: u64,
    /// Runs that are disturbed.
    pub disturbed: u32,
    /// Most resources of the stack.
    pub resources: u32,
}

/// What a history did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Runs that died.
    pub crashes: u32,
    /// Runs in all.
    pub runs: u32,
    /// Objects at the end.
    pub objects: usize,
}

/// A broken promise, with the seed that shows it again.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was found.
    pub what: String,
}

/// Undisturbed runs after which the world must be right. More than one, because a resource that failed for good in a
/// disturbed run is found by one run, and its replacement's dependants move in the next.
const CALM: u32 = 4;
const DIR: &str = "/state/sim";

/// Plays a history. Needs a runtime whose time is paused.
///
/// # Errors
/// When a promise is broken.
pub async fn play(history: History) -> Result<Report, Failure> {
    // The product's jitter too must follow from the seed.
    fastrand::seed(history.seed);
    let mut game = Game::new(history);
    let mut report = Report::default();
    for _ in 0..history.disturbed {
        let faults = game.faults();
        game.world.disturb(faults);
        report.runs += 1;
        if game.run().await.map_err(|what| game.failure(what))? == Ended::Died {
            report.crashes += 1;
            game.disk =
                if game.rng.bool() { game.disk.after_kill() } else { game.disk.after_power_cut(game.rng.u64(..)) };
        }
        game.edit();
    }
    game.world.disturb(Faults::default());
    for _ in 0..CALM {
        // What was hidden comes to light: a run that comes too soon may fail on it, and the next one finds it.
        game.world.clock().sleep(HORIZON).await;
        report.runs += 1;
        game.run().await.map_err(|what| game.failure(what))?;
    }
    game.verify().await.map_err(|what| game.failure(what))?;
    report.objects = game.world.objects().len();
    Ok(report)
}

#[derive(PartialEq, Eq)]
enum Ended {
    ByItself,
    Died,
}

/// One resource of the random stack.
#[derive(Clone, Debug)]
struct Wish {
    name: u32,
    kind: u32,
    parent: Option<usize>,
    size: u32,
    shape: u32,
}

struct Game {
    history: History,
    world: World,
    registry: Registry<World>,
    disk: MemDisk,
    rng: Rng,
    wishes: Vec<Wish>,
    names: u32,
}

impl Game {
    fn new(history: History) -> Self {
        let mut rng = Rng::with_seed(history.seed);
        let world = World::new(rng.u64(..));
        let mut game = Self {
            history,
            world,
            registry: Registry::new(&[KINDS]),
            disk: MemDisk::new(),
            rng,
            wishes: Vec::new(),
            names: 0,
        };
        for _ in 0..game.rng.u32(1..=history.resources) {
            game.wish();
        }
        game
    }

    fn failure(&self, what: String) -> Failure {
        Failure { seed: self.history.seed, what }
    }

    fn faults(&mut self) -> Faults {
        let rng = &mut self.rng;
        Faults {
            throttle: rng.u32(0..200),
            lost_request: rng.u32(0..100),
            lost_answer: rng.u32(0..150),
            hidden: rng.u32(0..300),
            broken: rng.u32(0..60),
            crash: rng.bool().then(|| (rng.u32(1..20), rng.bool())),
        }
    }

    fn wish(&mut self) {
        self.names += 1;
        let parent = (!self.wishes.is_empty() && self.rng.u32(0..3) > 0).then(|| self.rng.usize(..self.wishes.len()));
        let wish = Wish {
            name: self.names,
            kind: self.rng.u32(0..6),
            parent,
            size: self.rng.u32(0..3),
            shape: self.names * 10,
        };
        self.wishes.push(wish);
    }

    /// Adds, removes, resizes or reshapes something.
    fn edit(&mut self) {
        match self.rng.u32(0..5) {
            0 => self.wish(),
            1 => self.drop_leaf(),
            kind @ (2 | 3) => {
                let at = self.rng.usize(..self.wishes.len().max(1));
                if let Some(wish) = self.wishes.get_mut(at) {
                    if kind == 2 { wish.size += 1 } else { wish.shape += 1 }
                }
            }
            _ => {}
        }
    }

    /// Removes the last wish, if nothing hangs on it; its address may come back later.
    fn drop_leaf(&mut self) {
        if self.wishes.len() > 1 {
            self.wishes.pop();
            if self.rng.bool() {
                self.names -= 1;
            }
        }
    }

    fn stack() -> StackId {
        StackId { name: "sim".to_owned(), account: "000000000000".to_owned(), region: "sim-1".to_owned() }
    }

    fn graph(&self) -> Result<Graph, String> {
        let mut desired = Desired::new(Self::stack());
        let mut made: Vec<Input<VpcId>> = Vec::new();
        for wish in &self.wishes {
            let parent = wish.parent.and_then(|at| made.get(at).cloned());
            made.push(add(&mut desired, wish, parent)?);
        }
        desired.check().map_err(|errors| format!("{errors:?}"))
    }

    /// One run, as the command line does it.
    async fn run(&self) -> Result<Ended, String> {
        tokio::select! {
            result = self.work() => result.map(|()| Ended::ByItself),
            () = self.world.died() => Ok(Ended::Died),
        }
    }

    async fn work(&self) -> Result<(), String> {
        let disk = Arc::new(self.disk.clone());
        let mode = Mode::Write { command: "apply".to_owned() };
        let (mut store, opened) =
            Local::open_on(disk, Path::new(DIR), mode).map_err(|error| format!("store: {error}"))?;
        let mut state = opened.state.unwrap_or_else(|| State::new(Self::stack(), "lineage".to_owned()));
        let graph = self.graph()?;
        let scene = Scene {
            world: &self.world,
            registry: &self.registry,
            clock: self.world.clock(),
            graph: &graph,
            state: &state,
        };
        let Ok(lines) = resume(scene, Search::Patient).await else { return Ok(()) };
        if !lines.is_empty() {
            store.append(&lines, true).await.map_err(|error| format!("resume: {error}"))?;
            lines.iter().for_each(|line| replay(&mut state, line));
        }
        let Ok((plan, seen)) = self.look(&graph, &state).await? else { return Ok(()) };
        if let Some(refused) = plan.refused().next() {
            return Err(format!("refused: {refused:?}"));
        }
        if plan.is_empty() {
            let work = Unchanged { plan: &plan, graph: &graph, observed: &seen };
            return settle(work, &mut state, &mut store).await.map_err(|error| format!("settle: {error}"));
        }
        let priors = Priors::default();
        let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &seen, lowerings: &[] };
        let program = lower(&plan, &sources);
        #[cfg(test)]
        if std::env::var_os("SIM_TRACE").is_some() {
            program.steps.iter().enumerate().for_each(|(id, step)| {
                println!("{id} {} {} g{} {:?}", step.address, step.verb, step.generation, step.after)
            });
        }
        let means = Means {
            world: &self.world,
            registry: &self.registry,
            clock: self.world.clock(),
            parallel: 4,
            deadline: Some(Duration::from_secs(24 * 3600)),
            label: ("sim", "apply"),
        };
        let work = Work { plan: &plan, program: &program, graph: &graph, observed: &seen };
        let (_trigger, stop) = stop::channel();
        let desk = Desk { store: &mut store, report: &mut |event: Event| self.tell(&event), stop };
        apply(means, work, &mut state, desk).await.map(|_| ()).map_err(|error| format!("apply: {error}"))
    }

    /// Prints an event of a history that is looked into.
    #[cfg_attr(not(test), expect(unused_variables, clippy::unused_self, reason = "only tests print"))]
    fn tell(&self, event: &Event) {
        #[cfg(test)]
        if std::env::var_os("SIM_TRACE").is_some() {
            println!("{:>8.1} {event:?}", self.world.clock().now().as_secs_f64());
        }
    }

    /// Looks and plans. A look that fails because of faults ends the run without harm.
    async fn look(&self, graph: &Graph, state: &State) -> Result<Result<(Plan, Seen), ()>, String> {
        let scene = Scene { world: &self.world, registry: &self.registry, clock: self.world.clock(), graph, state };
        let Ok(observed) = refresh(scene, Search::Patient).await else { return Ok(Err(())) };
        if observed.values().any(|seen| matches!(seen, auroractl_core::Observed::Unknown(_))) {
            return Ok(Err(()));
        }
        let inputs = Inputs { kinds: &self.registry, graph, state, observed: &observed, options: &Options::default() };
        let plan = plan(&inputs).map_err(|error| format!("plan: {error}"))?;
        Ok(Ok((plan, observed)))
    }

    /// The world is what the stack says, with nothing beside it, and the next plan is empty.
    async fn verify(&self) -> Result<(), String> {
        self.world.disturb(Faults::default());
        let mut objects: Vec<(&str, u32, u32)> = Vec::new();
        let all = self.world.objects();
        objects.extend(all.iter().map(|object| (object.kind, object.size, object.shape)));
        let mut wishes: Vec<(&str, u32, u32)> =
            self.wishes.iter().map(|wish| (name_of(wish.kind), wish.size, wish.shape)).collect();
        objects.sort_unstable();
        wishes.sort_unstable();
        if objects != wishes {
            return Err(format!("the world has\n  {objects:?}\nand the stack wants\n  {wishes:?}"));
        }
        let (_, opened) = Local::open_on(Arc::new(self.disk.clone()), Path::new(DIR), Mode::Read)
            .map_err(|error| error.to_string())?;
        let state = opened.state.ok_or("there is no state")?;
        if !state.intents.is_empty() {
            return Err(format!("intents are left: {:?}", state.intents));
        }
        let (plan, _) = self.look(&self.graph()?, &state).await?.map_err(|()| "the last look failed")?;
        if plan.is_empty() { Ok(()) } else { Err(format!("the last plan is not empty: {:?}", plan.summary())) }
    }
}

fn name_of(kind: u32) -> &'static str {
    ["named", "token", "guard", "untokened", "relation", "upsert"].get(kind as usize).copied().unwrap_or_default()
}

fn add(desired: &mut Desired, wish: &Wish, parent: Option<Input<VpcId>>) -> Result<Input<VpcId>, String> {
    fn one<R: Spec>(desired: &mut Desired, wish: &Wish, parent: Option<Input<VpcId>>) -> Result<Input<VpcId>, String> {
        let made: Handle<R> = desired
            .add(&format!("r{}", wish.name), &R::make(parent, wish.size, wish.shape))
            .map_err(|error| error.to_string())?;
        Ok(made.out::<VpcId>())
    }
    match wish.kind {
        0 => one::<Named>(desired, wish, parent),
        1 => one::<Token>(desired, wish, parent),
        2 => one::<Guard>(desired, wish, parent),
        3 => one::<Untokened>(desired, wish, parent),
        4 => one::<Relation>(desired, wish, parent),
        _ => one::<Upsert>(desired, wish, parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays `count` histories from a first seed, each in a runtime of its own with paused time.
    fn soak(first: u64, count: u64) {
        let mut crashes = 0;
        for seed in first..first + count {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            let history = History { seed, disturbed: 1 + u32::try_from(seed % 4).unwrap(), resources: 10 };
            match runtime.block_on(play(history)) {
                Ok(report) => crashes += report.crashes,
                Err(failure) => panic!("seed {}: {}", failure.seed, failure.what),
            }
        }
        assert!(count < 100 || crashes > 0, "the histories crash now and then, else they show nothing");
    }

    #[test]
    fn histories_end_well() {
        let env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        soak(env("SIM_SEED").unwrap_or(1), env("SIM_COUNT").unwrap_or(600));
    }
}
