//! Histories: disturbed runs with edits between them, then some that are not disturbed.

use super::coverage;
use super::invariants;
use super::log::{Ended, Log};
use super::mishap::{Boundary, Fuse, Mishap, Weather};
use super::mutants::Lapse;
use super::run::{DIR, Saved, Setting};
use super::stack::{Edit, Stack, holds_data};
use super::world::{DiskTrouble, HORIZON, Object, World};
use auroractl_core::plan::Options;
use auroractl_core::{Address, Record};
use auroractl_engine::store::memory::{Fault, MemDisk};
use auroractl_engine::store::{Local, Mode};
use fastrand::Rng;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A history is its seed and the rule that is broken in it.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Everything random follows from it.
    pub seed: u64,
    /// Keep words for everything that happens.
    pub traced: bool,
    /// The rule that the program breaks, if any.
    pub lapse: Option<Lapse>,
}

/// A broken promise, with the seed that shows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Number of the invariant and what was found, for each that is broken.
    pub broken: Vec<(u8, String)>,
    /// Words for everything that happened, where they were asked for.
    pub trace: Vec<String>,
}

/// Undisturbed runs after which the world must be right. More than one, because a resource that failed for good in a
/// disturbed run is found by one run, and its replacement's dependants move in the next.
const CALM: u32 = 5;
/// Most resources of a stack at first.
const RESOURCES: u32 = 8;

/// Plays a history. Needs a runtime whose time is paused.
///
/// # Errors
/// When an invariant is broken.
pub async fn play(history: History) -> Result<Log, Failure> {
    // The product's jitter too must follow from the seed.
    fastrand::seed(history.seed);
    let mut game = Game::new(history);
    for _ in 0..game.rng.u32(1..=4) {
        game.disturbed().await;
    }
    game.calm().await;
    let mut inner = game.world.inner();
    coverage::windows(&mut inner.log);
    let mut log = std::mem::take(&mut inner.log);
    let broken = invariants::broken(&log);
    if broken.is_empty() {
        return Ok(log);
    }
    Err(Failure { seed: history.seed, broken, trace: log.trace.take().unwrap_or_default() })
}

struct Game {
    world: World,
    disk: MemDisk,
    rng: Rng,
    stack: Stack,
    /// Data that the user lets go.
    allowed: BTreeSet<Address>,
    /// Data that the user took out of the stack without saying so.
    removed: BTreeSet<Address>,
    saved: Option<Saved>,
    number: u32,
    weather: Weather,
    /// Taken away behind our back, and to be put back: it held data.
    vanished: Vec<Object>,
    skew: i64,
}

impl Game {
    fn new(history: History) -> Self {
        let mut rng = Rng::with_seed(history.seed);
        let world = World::new(rng.u64(..), history.lapse);
        world.inner().log.trace = history.traced.then(Vec::new);
        let stack = Stack::new(&mut rng, RESOURCES);
        let weather = weather(&mut rng);
        Self {
            world,
            disk: MemDisk::new(),
            rng,
            stack,
            allowed: BTreeSet::new(),
            removed: BTreeSet::new(),
            saved: None,
            number: 0,
            weather,
            vanished: Vec::new(),
            skew: 0,
        }
    }

    fn count(&self, class: &'static str, what: &str) {
        self.world.tell(|| format!("-- {class}: {what}"));
        self.world.inner().log.count(class, what);
    }

    /// The next run, as its author wants it.
    fn setting(&mut self, disturbed: bool) -> Setting {
        self.number += 1;
        let world = self.world.process(self.number, self.skew);
        let allowed =
            self.allowed.iter().filter(|at| !self.stack.wishes.iter().any(|wish| wish.address().as_ref() == Some(at)));
        let options = Options { allow_delete: allowed.cloned().collect(), ..Options::default() };
        Setting {
            world,
            disk: self.disk.clone(),
            stack: self.stack.clone(),
            options,
            saved: None,
            interrupts: Vec::new(),
            disturbed,
            parallel: self.rng.usize(1..6),
            storm: false,
        }
    }

    async fn disturbed(&mut self) {
        self.skew = if self.rng.u32(0..4) == 0 { self.rng.i64(-290..290) } else { 0 };
        let mut weather = self.weather;
        if self.rng.u32(0..12) == 0 {
            weather.storm_until = self.world.clock().now() + Duration::from_secs(600);
            self.count("fault", "throttling storm");
        }
        self.world.weather(weather);
        let mut setting = self.setting(true);
        setting.storm = weather.storm_until > Duration::ZERO;
        let power = self.trouble(&mut setting);
        if self.rng.u32(0..6) == 0 {
            self.older(&mut setting);
        }
        let ended = match self.rng.u32(0..12) {
            0 | 1 if !power => self.beside(&setting).await,
            2 => self.overtaken(&setting).await,
            _ => setting.run().await,
        };
        self.aftermath(&ended, power);
        self.meddle().await;
        self.edit(matches!(ended, Ended::Died(_)));
        if self.rng.u32(0..4) == 0 {
            let setting = self.setting(true);
            self.saved = setting.plan().await;
        }
    }

    /// A plan that was reviewed earlier is applied.
    fn older(&mut self, setting: &mut Setting) {
        let Some(saved) = self.saved.take() else { return };
        self.count("edit", "older plan");
        setting.stack = saved.stack.clone();
        setting.saved = Some(saved);
    }

    /// Another run of the same stack begins while this one works.
    async fn beside(&mut self, setting: &Setting) -> Ended {
        let other = self.setting(true);
        let pause = Duration::from_millis(self.rng.u64(0..60_000));
        let later = async {
            other.world.clock().sleep(pause).await;
            other.run().await
        };
        let (ended, other) = futures::join!(setting.run(), later);
        if other == Ended::Refused("locked".to_owned()) {
            self.count("fault", "contender");
        }
        ended
    }

    /// A stranger takes a name while a run is about to.
    async fn overtaken(&mut self, setting: &Setting) -> Ended {
        let pause = Duration::from_millis(self.rng.u64(0..5_000));
        let later = async {
            self.world.clock().sleep(pause).await;
            // A put overwrites whoever came after the look: AWS offers no condition for it.
            self.stranger(&["given", "db_cluster", "db_instance"]);
        };
        let (ended, ()) = futures::join!(setting.run(), later);
        ended
    }

    /// What will go wrong with a run, beside its calls. Says whether the power may go.
    fn trouble(&mut self, setting: &mut Setting) -> bool {
        let rng = &mut self.rng;
        let (world, mut power) = (&setting.world, false);
        match rng.u32(0..20) {
            0..8 => {
                let calls = [Boundary::Look, Boundary::Sent, Boundary::Executed, Boundary::Line, Boundary::Written];
                let boundary = calls.get(rng.usize(..calls.len())).copied().unwrap_or(Boundary::Sent);
                world.arm(Some(Fuse { boundary, left: rng.u32(1..14) }));
                power = rng.bool();
            }
            8..12 => {
                let boundary = if rng.bool() { Boundary::Disk } else { Boundary::HalfDisk };
                world.arm(Some(Fuse { boundary, left: rng.u32(1..70) }));
                power = true;
            }
            12 | 13 => {
                let kinds = [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::ReadOnlyFilesystem];
                let kind = kinds.get(rng.usize(..kinds.len())).copied().unwrap_or(ErrorKind::Other);
                let fault = if rng.bool() { Fault::Once(kind) } else { Fault::Always(kind) };
                let trouble = if rng.u32(0..3) == 0 { DiskTrouble::Full } else { DiskTrouble::Fails(fault) };
                world.fail_disk(rng.u32(1..60), trouble);
            }
            14 => world.expire_after(rng.u32(0..40)),
            15 | 16 => {
                let times = rng.usize(1..3);
                setting.interrupts = (0..times).map(|_| Duration::from_millis(rng.u64(0..30_000))).collect();
            }
            _ => {}
        }
        power
    }

    /// What the machine is like after a run.
    fn aftermath(&mut self, ended: &Ended, power: bool) {
        match ended {
            Ended::Died(boundary) => {
                self.count("fault", if power { "power cut" } else { "kill" });
                let off = matches!(boundary, Boundary::Disk | Boundary::HalfDisk);
                let seed = self.rng.u64(..);
                self.disk = if power || off { self.disk.after_power_cut(seed) } else { self.disk.after_kill() };
            }
            Ended::Refused(why) => {
                self.count("refused", why);
                self.relent();
            }
            _ => {}
        }
        // A disk that fails is mended before the next run, at times with the power off.
        let broke = self.world.inner().log.lines.last().is_some_and(|line| !line.ok);
        let seed = self.rng.u64(..);
        self.disk = if broke && self.rng.bool() { self.disk.after_power_cut(seed) } else { self.disk.after_kill() };
        self.disk.limit(None);
        if let Ended::Partly(summary) = ended
            && let Some(stopped) = summary.stopped
        {
            self.count("stopped", &format!("{stopped:?}"));
        }
    }

    fn edit(&mut self, crashed: bool) {
        let known = self.addresses();
        let (edit, gone) = self.stack.edit(&mut self.rng, crashed, &known);
        self.count("edit", edit.name());
        if crashed && edit != Edit::Nothing {
            self.count("edit", "right after a crash");
        }
        let told = self.rng.bool();
        if told { self.allowed.extend(gone) } else { self.removed.extend(gone) }
    }

    /// The user has read why a run was refused, and sees to it.
    fn relent(&mut self) {
        self.stack.relent(&self.world.objects());
        self.allowed.append(&mut self.removed);
        let vanished = std::mem::take(&mut self.vanished);
        // What was let go meanwhile stays away.
        let missed = vanished.into_iter().filter(|object| self.recorded(object).is_some()).collect::<Vec<_>>();
        let mut inner = self.world.inner();
        inner.objects.retain(|_, object| !object.foreign);
        for object in missed {
            inner.ended.remove(&object.oid);
            inner.objects.entry(object.id.clone()).or_insert(object);
        }
    }

    /// Somebody else does something.
    async fn meddle(&mut self) {
        let kind = self.rng.u32(0..24);
        let mine: Vec<Object> =
            self.world.objects().into_iter().filter(|object| !object.foreign && object.leaving.is_none()).collect();
        let at = self.rng.usize(..mine.len().max(1));
        match (kind, mine.get(at)) {
            (0, Some(object)) => self.take_away(object),
            (1, Some(object)) if object.kind != "db_instance" => {
                if let Some(object) = self.world.inner().objects.get_mut(&object.id) {
                    object.size += 7;
                }
                self.count("meddling", "changed behind our back");
            }
            (2 | 3, _) => self.stranger(&["given", "upsert", "db_cluster", "db_instance"]),
            (4 | 5, Some(object)) => self.usurp(object),
            (6, Some(object)) if !object.oid.is_empty() && self.recorded(object).is_some() => self.lose_state().await,
            _ => {}
        }
    }

    fn take_away(&mut self, object: &Object) {
        // Nobody could know that an identity has ended whose object was never recorded.
        if self.recorded(object).is_none() {
            return;
        }
        let mut inner = self.world.inner();
        if inner.objects.values().any(|other| other.parent.as_ref() == Some(&object.id)) {
            return;
        }
        inner.remove(&object.id);
        inner.log.count("meddling", "deleted behind our back");
        drop(inner);
        self.mourn(object);
    }

    /// A stranger takes a name that the stack has chosen and not used yet.
    fn stranger(&self, kinds: &[&str]) {
        let Some(wish) = self.stack.wishes.iter().rev().find(|wish| kinds.contains(&wish.kind)) else { return };
        let name = format!("{}-{}", wish.kind, wish.label);
        let mut inner = self.world.inner();
        if inner.objects.values().any(|object| object.name == name) {
            return;
        }
        let id = inner.fresh("foreign");
        let object = Object { id: id.clone(), name, foreign: true, size: 99, ..Object::draft(wish.kind) };
        inner.objects.insert(id, object);
        inner.log.count("meddling", "a stranger of the same name");
    }

    /// Somebody replaces an object by one of the same name, tags copied.
    fn usurp(&mut self, object: &Object) {
        // Without a recorded id nobody could tell the two apart.
        if self.recorded(object).is_none_or(|record| record.incarnation.is_none()) {
            return;
        }
        let mut inner = self.world.inner();
        if object.name.is_empty() || inner.objects.values().any(|other| other.parent.as_ref() == Some(&object.id)) {
            return;
        }
        inner.remove(&object.id);
        let id = inner.fresh("usurper");
        let usurper = Object { id: id.clone(), foreign: true, ..object.clone() };
        inner.objects.insert(id, usurper);
        inner.log.count("meddling", "made again by somebody else, tags copied");
        drop(inner);
        self.mourn(object);
    }

    /// What held data will be put back: a run refuses to make an empty one in its place.
    fn mourn(&mut self, object: &Object) {
        let data = holds_data(object.kind) || object.kind == "db_instance";
        if data && self.recorded(object).is_some_and(|record| record.settled) {
            self.vanished.push(object.clone());
        }
    }

    /// The addresses that are recorded.
    fn addresses(&self) -> BTreeSet<Address> {
        let opened = Local::open_on(Arc::new(self.disk.clone()), Path::new(DIR), Mode::Read);
        let state = opened.ok().and_then(|(_, opened)| opened.state);
        state.map(|state| state.resources.into_keys().collect()).unwrap_or_default()
    }

    /// What the state on the disk says of an object.
    fn recorded(&self, object: &Object) -> Option<Record> {
        let (_, opened) = Local::open_on(Arc::new(self.disk.clone()), Path::new(DIR), Mode::Read).ok()?;
        let id = |record: &&Record| record.outputs.get("id").and_then(|id| id.as_str()) == Some(object.id.as_str());
        opened.state?.resources.values().find(id).cloned()
    }

    /// The state folder is not there for one run.
    async fn lose_state(&mut self) {
        let kept = self.disk.after_kill();
        self.disk = MemDisk::new();
        self.world.weather(Weather::default());
        let setting = self.setting(true);
        if setting.run().await == Ended::Refused("lost state".to_owned()) {
            self.count("meddling", "state lost");
        }
        self.disk = kept;
    }

    /// Undisturbed runs, until nothing is left to do; at times the end of the stack.
    async fn calm(&mut self) {
        self.world.weather(Weather::default());
        self.skew = 0;
        self.rest(CALM).await;
        if self.rng.u32(0..3) == 0 {
            self.allowed.extend(self.stack.wishes.iter().filter_map(super::stack::Wish::address));
            self.stack.clear();
            self.count("edit", "destroy");
            self.rest(3).await;
        }
    }

    async fn rest(&mut self, runs: u32) {
        for _ in 0..runs {
            // What was hidden comes to light: a run that comes too soon may fail on it, and the next one finds it.
            self.world.clock().sleep(HORIZON).await;
            self.relent();
            self.heal();
            if self.setting(false).run().await == Ended::Nothing {
                return;
            }
        }
    }

    /// What was stuck moves on.
    fn heal(&self) {
        let now = self.world.clock().now();
        for object in self.world.inner().objects.values_mut() {
            if object.ready == Duration::MAX {
                object.ready = now;
            }
        }
    }
}

/// The weather of a history.
fn weather(rng: &mut Rng) -> Weather {
    match rng.u32(0..10) {
        0 => Weather::always(Mishap::Failed),
        1 => Weather::always(Mishap::Unavailable),
        2 => Weather::always(Mishap::Echo),
        3 => Weather { hidden: 1000, ..Weather::default() },
        _ => {
            let mut weather = Weather {
                hidden: rng.u32(0..400),
                broken: rng.u32(0..80),
                stuck: if rng.u32(0..6) == 0 { 100 } else { 0 },
                ..Weather::default()
            };
            for (rate, mishap) in weather.rates.iter_mut().zip(Mishap::ALL) {
                *rate = match mishap {
                    Mishap::Throttled => rng.u32(0..150),
                    Mishap::Quota | Mishap::Invalid | Mishap::Denied => rng.u32(0..15),
                    _ => rng.u32(0..60),
                };
            }
            weather
        }
    }
}
